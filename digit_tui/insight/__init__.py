"""What predictions teach: confusion, mistakes, when digits are learned, significance, reports."""

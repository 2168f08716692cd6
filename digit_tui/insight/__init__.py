"""What predictions teach: confusion, mistakes, the lives of digits, significance, reports."""

"""What predictions teach: confusion, mistakes, and reports about them."""

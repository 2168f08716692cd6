"""Many runs that look for good settings: a study, its trials, and what is known of them."""

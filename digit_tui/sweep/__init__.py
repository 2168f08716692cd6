"""Many runs that look for good settings: a study, its trials, its workers, what is known of them."""

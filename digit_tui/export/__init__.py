"""Lists of digits for people and other programs: records, text, a page with pictures."""

"""`dragoman init`: adding an account."""

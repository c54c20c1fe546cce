"""`dragoman demo`: the tools at work."""

"""What an operator does to a store file: back it up, restore it, check it, save what a damaged one still gives."""

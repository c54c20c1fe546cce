"""The compact text form.

Column 0 belongs to the server: header, day lines and message lines begin there, every further line of
a message begins with one space, and nothing foreign can begin a line.
"""

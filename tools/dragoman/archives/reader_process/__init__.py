"""Reads large archives in a process of its own, while this one stores what was read.

The child (:mod:`.child`) opens the archives, maps their entries and makes rows of them; :class:`.parent.ReaderProcess`
takes the rows in batches. A pipe holds the child back, so memory stays bounded. Neither outlives the other. While a
format reads everything before it gives the first item, the child may have this process do a part of the work.
"""

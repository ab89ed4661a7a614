"""A journey as it crosses to Elasticsearch: readable JSON in which nothing stands twice (`writing` makes it, `reading` takes it back).

The texts of a journey are its *words*. Those that the head of the document has are known from there (`head_words`), the others are listed
once, and everything else names a word by its number. A line is a row: see `places.Column`. In its raw text a number between two marks
stands for a word, and a mark followed by another one for program and process of the row: "`3`: from=<`12`>, size=1846".
"""

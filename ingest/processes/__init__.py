"""Reading, joining and writing as processes of their own, with the same code as in one process.

    reader --lines that state something--> joiners --documents--> writers of the store
       ^------- places that are needed no more ----|<---- tickets that are durable ----|

The reader is the process that was started: it has the files, the marks, and what is told to people. A joiner has the journeys of some log
domains (`ingest.journeys`), a writer has the store open (`ingest.sinks`). Whichever dies ends the others in order; what it had not
written is read again, for no mark has passed it.
"""

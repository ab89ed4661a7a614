"""Processes that answer questions for the service, once several wait.

    service: door, who may ask, places, audit log, live rows --questions--> helpers: the store, pages, compression
                                                             <---answers---

A helper has slots, each a pair of sockets with one question on it at a time, so nothing has a number. The service starts helpers when it is
asked more than it answers at once, and lets go of them when nobody has asked for a while. What a helper does not answer, the service does.
"""

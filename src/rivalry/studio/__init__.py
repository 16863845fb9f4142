"""The studio: see games being learned, use what they learned, and judge it, in the browser of this machine.

    rivalry studio runs

A server for one page of plain JavaScript.  It adds no second way to train, sample or measure: the page shows the
catalog, the runs of one folder, and a training that is an ordinary `rivalry train` in a process of its own.
"""

"""One machine, nothing installed: the services of a fleet as children of one supervisor.

Processes, signals, locks and private files live here, and no rule of calling: what the children
do is decided by the commands they run. Only a door starts any of this.
"""

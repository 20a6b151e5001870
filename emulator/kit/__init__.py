"""What both emulators stand on: time, memory, counting, faults, the control door and the server.

Nothing here knows a CRM. A CRM's server brings routes, fault recipes and its own error shapes.
"""

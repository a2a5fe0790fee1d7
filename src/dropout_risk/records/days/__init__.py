"""School days: the calendar, holidays, zones, and attendance as a grid of days."""

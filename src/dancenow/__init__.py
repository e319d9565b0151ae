"""DanceNow: make a person dance like another, from two ordinary videos."""

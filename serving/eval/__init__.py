"""`make eval`: public sets that nobody of this project wrote, the desk's search beside its rivals, and the bars."""

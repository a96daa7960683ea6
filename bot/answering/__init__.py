"""How an answer is made: by a served model, or without one."""

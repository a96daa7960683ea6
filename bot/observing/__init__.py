"""What a person may see of a running desk: figures, traces and log lines, none of which holds a customer's words."""

"""What the desk says and what the model is told: a folder for each language, files that a shop manager can edit."""

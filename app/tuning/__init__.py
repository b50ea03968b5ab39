"""What the window knows of fine-tuning, without widgets: runs as they go, plans, files, reports."""

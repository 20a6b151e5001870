"""Decides what is to change in each System, and carries it out."""

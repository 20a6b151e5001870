"""Stages: buyer stages and opportunity stages, compared, mapped, and made where they are missing."""

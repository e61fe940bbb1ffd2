"""Figures made of rows: one kind of picture a file, no Streamlit."""

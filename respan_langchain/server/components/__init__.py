"""Parts of some web pages, such as charts: HTML from values, no route, no store.

What every page has is in `layout.py`.
"""

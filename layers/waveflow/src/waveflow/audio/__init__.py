"""Decode, draw and mix audio; arrays only, no storage and no network."""

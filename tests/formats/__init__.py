"""Tests of the formats: samples, hostile lines, words."""

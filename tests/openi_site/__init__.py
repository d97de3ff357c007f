"""A faithful local stand-in of the Open-i site: a real HTTP server on loopback, rebuilt from a report archive.

It shares nothing with the code under test: this package imports nothing from `stages`. What it knows comes from
recorded answers (see docs/openi.md). Run it by hand with
`python -m tests.openi_site --reports NLMCXR_reports.tgz --port 8080 --faults`.
"""

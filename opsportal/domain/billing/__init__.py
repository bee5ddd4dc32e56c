"""Money: ledger, documents, taxes, periods, renewals, forecast.

Whoever moves a company's money or changes its documents first takes that company's gate
(`ledger.lock`), then rows of documents and services, then a number series: in this order, so that
nobody waits in a circle. One transaction moves the money of one company.
"""

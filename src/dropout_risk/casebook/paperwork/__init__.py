"""What is handed in: ledgers, monthly reports, and the lists they are held against."""

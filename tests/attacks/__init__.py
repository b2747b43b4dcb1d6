# how many made-up attacks `python -m tests.attacks` asks of its test, from which seed on, and whether each column
SEEDS = "ATTACK_SEEDS"

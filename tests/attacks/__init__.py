# how many made-up attacks `python -m tests.attacks` asks of its test, from which seed on
SEEDS = "ATTACK_SEEDS"

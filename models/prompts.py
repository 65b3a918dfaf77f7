"""Prompts for short simple stories: what they are about is drawn, and how they begin is given.

The beginning is part of the story. A small model that has to go on from two clear sentences stays with them, where
one that may begin as it likes wanders off.
"""

import random

NAMES = """Lily Tom Anna Ben Mia Max Sara Sam Lucy Jack Emma Leo Rosa Tim Ella Finn Nora Paul Ruby Peter Amy Oscar Zoe
Henry Kate Will Molly Hugo Ivy Adam Jane Noah Daisy Luke Clara Eric Alice Mark Grace David""".split()

ANIMALS = """rabbit bear fox mouse duck cat dog bird frog squirrel turtle hedgehog owl lamb pony pig goose kitten puppy
deer beaver hen sparrow snail bee""".split()

KINDS = "little small young kind brave shy curious clever quiet cheerful".split()

THINGS = """ball kite book boat hat cake cup lamp drum bell basket shoe key flower stone blanket apple map bucket coat
doll box button shell pie letter scarf ladder cart spoon""".split()

COLOURS = "red blue green yellow white brown orange purple silver golden".split()

PLACES = """garden forest park field village market beach farm kitchen school river hill meadow barn pond bridge shop
yard street lake""".split()

FEELINGS = "happy sad tired hungry excited worried lonely proud scared bored".split()

ACTIONS = """sing dance swim run climb read draw bake paint count jump fish build help cook plant dig write skate
sew""".split()

WEATHERS = ["sunny", "rainy", "windy", "cold", "warm", "snowy", "cloudy", "bright"]

ENDS = [
    "The story ends happily.",
    "At the end they learn to share.",
    "At the end everyone goes home.",
    "At the end they are good friends.",
    "At the end they learn to tell the truth.",
    "At the end there is a surprise.",
    "At the end they eat together.",
    "At the end they learn to be patient.",
]


def article(word):
    return ("an " if word[0] in "aeiou" else "a ") + word


def someone(draw):
    """A character: how it is brought in, its name, and its pronouns."""
    name = draw.choice(NAMES)
    she = NAMES.index(name) % 2 == 0
    kind = draw.choice(KINDS)
    body = draw.choice(ANIMALS) if draw.random() < 0.5 else "girl" if she else "boy"
    return f"{article(kind)} {body} named {name}", name, "she" if she else "he", "her" if she else "his"


def story(draw):
    """What is asked for, and the sentences that the answer begins with."""
    who, name, they, their = someone(draw)
    other, friend, _, _ = someone(draw)
    while friend == name:
        other, friend, _, _ = someone(draw)
    thing = draw.choice(THINGS)
    coloured = f"{draw.choice(COLOURS)} {thing}"
    place = draw.choice(PLACES)
    there = ("on the " if place in ("farm", "hill", "beach", "bridge", "street") else
             "at the " if place in ("river", "pond", "lake", "market", "school") else "in the ") + place
    action = draw.choice(ACTIONS)
    feeling = draw.choice(FEELINGS)
    weather = draw.choice(WEATHERS)
    first = draw.choice([
        f"Once upon a time, there was {who}.",
        f"Once upon a time, there was {who}.",
        f"Once there was {who}.",
        f"There once was {who} who lived near the {place}.",
    ])
    second = draw.choice([
        f"One {weather} day, {name} found {article(coloured)} {there}.",
        f"One {weather} day, {name} was {there} and could not find {their} {thing}.",
        f"{name} wanted to learn how to {action}, but it was not easy.",
        f"One day, {name} went for a walk and met {other} {there}.",
        f"One morning, {name} was very {feeling}. So {they} went to see {their} friend {friend}.",
        f"{name} wanted to make {article(coloured)} for {their} friend {friend}.",
        f"One {weather} morning, {friend} came running {there}. \"Please help me, {name}!\" said {friend}.",
        f"Every day, {name} liked to {action} with {their} friend {friend}.",
        f"One day, {name} took {article(coloured)} that was not hers." if they == "she" else
        f"One day, {name} took {article(coloured)} that was not his.",
        f"It was a {weather} day, and {name} was playing {there}.",
        f"\"Mom, may I have the {coloured}?\" {name} asked {their} mother.",
        f"It was {friend}'s birthday, and {name} wanted to give {friend} {article(coloured)}.",
    ])
    return f"Write a short story for small children, in simple words. {draw.choice(ENDS)}", f"{first} {second}"


def prompt(seed):
    """A prompt in the format of SmolLM2's chats, and the beginning of the answer, which the prompt ends with."""
    draw = random.Random(seed)
    wish, begin = story(draw)
    return f"<|im_start|>user\n{wish}<|im_end|>\n<|im_start|>assistant\n{begin}", begin

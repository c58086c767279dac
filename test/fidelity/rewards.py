"""Writes test/fixtures/rewards.json: rewards as CPython, rouge_score and NLTK compute them.

    python3 -m venv /tmp/fidelity && /tmp/fidelity/bin/pip install rouge-score nltk torch numpy
    /tmp/fidelity/bin/python test/fidelity/rewards.py

The formulas are stated here from the method's description; the arithmetic, number parsing, rounding, whitespace and
regular expressions are CPython's, ROUGE is Google's rouge_score, the stemmer is NLTK's, float32 is torch's.
"""

import json
import random
import re
from pathlib import Path

import torch
from nltk.stem import porter
from rouge_score import rouge_scorer

rng = random.Random(20250327)
out = {}


def number(text):
    try:
        return float(text.replace(",", ""))
    except ValueError:
        return None


def numerical(answer, solution):
    if ("." in answer or "," in answer) != ("." in solution or "," in solution):
        return 0.0
    a, s = number(answer), number(solution)
    return 0.0 if a is None or s is None else float(round(a, 2) == round(s, 2))


def regression(answer, solution):
    a, s = number(answer), number(solution)
    if a is None or s is None:
        return 0.0
    quotient = (abs(a - s) + 1e-9) / (abs(s) + 1e-9)
    return 1 - min(1.0, max(0.0, quotient))


def edit_distance(ref, hyp):
    table = [[i + j if i * j == 0 else 0 for j in range(len(hyp) + 1)] for i in range(len(ref) + 1)]
    for i in range(1, len(ref) + 1):
        for j in range(1, len(hyp) + 1):
            table[i][j] = min(
                table[i - 1][j - 1] + (ref[i - 1] != hyp[j - 1]), table[i - 1][j] + 1, table[i][j - 1] + 1
            )
    return table[-1][-1]


def ocr(answer, solution):
    ref, hyp = solution.split(), answer.split()
    return max(0.0, min(1.0, 1 - edit_distance(ref, hyp) / max(1, len(ref))))


scorer = rouge_scorer.RougeScorer(["rouge1", "rouge2", "rougeL"], use_stemmer=True)


def rouge(answer, solution):
    scores = scorer.score(solution, answer)
    return [scores[name].fmeasure for name in ("rouge1", "rouge2", "rougeL")]


FORM = re.compile(r"<think>.*?</think>\s*<answer>.*?</answer>", re.DOTALL)


def form(text):
    return 1.0 if FORM.fullmatch(text) else 0.0


def answer_of(text):
    match = re.search(r"<answer>\s*(.*?)\s*</answer>", text, re.DOTALL)
    return match.group(1).strip() if match else ""


def shown(value):
    """JSON has no inf and nan."""
    return value if value is None or value == value and abs(value) != float("inf") else repr(value)


# ---- numbers --------------------------------------------------------------------------------------------------------
numbers = """0 -0 1 -1 +1 007 1. .5 -.5 . - + 1e3 1E3 1e+3 1e-3 1e 1e400 -1e400 1e-400 1_000 1__000 _1 1_ 1_.5 1._5 1_e5 1e1_0
1,000 1,00,0 ,1 , 12,5 3.14 3.14159 2.675 2.665 0.125 0.375 0.625 0.875 -0.125 1.005 1.115 1e21 1e22 123456789012.345
inf -inf +inf Inf INFINITY infinity infinit nan NaN -nan nane 0x10 0b1 1L 1f 1d 1j ½ ² ٣ ٣٫٥ ١٢٣ १२३ 𝟙𝟚 𝟗.𝟓 Ⅷ 五 １２ １２．５ −5 – 1e５
five 3% $3 3° 3m 1/2 1:2 1..2 1.2.3 --1 +-1 1e1.5 1e1e1 0.1e 9007199254740993 0.30000000000000004 1e-9""".split()
numbers += ["", " ", "1 2", " 12 ", "\t3\n", "\u00a03\u3000", "\ufeff3", "\x1c3\x1d", "\x853", "1\n", "1\x00", "- 1", "1 000", "1\u00a0000"]
for _ in range(120):
    numbers.append("".join(rng.choice("0123456789..,,__eE+-  ") for _ in range(rng.randint(1, 8))))
out["numbers"] = [{"text": t, "value": shown(number(t))} for t in dict.fromkeys(numbers)]

rounded = [2.675, 2.665, 0.125, 0.375, 0.625, 0.875, 1.005, 1.115, 8.345, 1e15 + 0.125, 2**49 + 0.125, 1e20, 1e21, 1e300, 5e-324, 0.005, 0.015, 0.025]
rounded += [k / 8 for k in range(1, 400, 2)] + [rng.uniform(-1000, 1000) for _ in range(100)] + [rng.randint(-99999, 99999) / 1000 for _ in range(200)]
out["rounded"] = [[v, round(v, 2)] for v in rounded]

pairs = [(rng.choice(numbers), rng.choice(numbers)) for _ in range(250)]
pairs += [(n, n) for n in numbers] + [("2.674", "2.67"), ("2.675", "2.67"), ("2.675", "2.68"), ("3", "3.0"), ("1,000", "1000.0"), ("1000", "1,000")]
pairs += [(str(rng.randint(0, 50)), str(rng.randint(0, 50))) for _ in range(50)]
pairs += [(f"{rng.uniform(0, 9):.3f}", f"{rng.uniform(0, 9):.3f}") for _ in range(50)]
out["numerical"] = [{"answer": a, "solution": s, "value": numerical(a.strip(), s.strip())} for a, s in pairs]
out["regression"] = [{"answer": a, "solution": s, "value": regression(a.strip(), s.strip())} for a, s in pairs]

# ---- words ----------------------------------------------------------------------------------------------------------
vocabulary = """the a an in of and to red Red blue car cars running runs ran generously skies sky dying sky's flies flying happily
relational conditional rationalization hopefulness electricity sensational triplicate formalize revival allowance inference
airliner adjustable defensible irritant replacement adjustment dependent adoption communism activate angularity homologous
effective bowdlerize probate rate cease controll roll ties dies died spied news innings outing cannings howe proceed exceed
succeed agreed feed plastered bled motoring sing conflated troubled sized hopping tanned falling hissing fizzed failing filing
happy enjoy by say say's cry cries employed geology archaeology fully hopefully radically vilely analogously 2024 3d x1 U.S. don't
naïve café Straße İstanbul ΣΊΣΥΦΟΣ K ﬁne well-known snake_case A.B. 3.5 yyyy sayyid eye ye bYe""".split()


def words(n):
    return " ".join(rng.choice(vocabulary) for _ in range(n))


texts = [(words(rng.randint(0, 12)), words(rng.randint(0, 12))) for _ in range(150)]
for _ in range(150):
    base = words(rng.randint(1, 40)).split()
    changed = [w for w in base if rng.random() > 0.2]
    for _ in range(rng.randint(0, 4)):
        changed.insert(rng.randint(0, len(changed)), rng.choice(vocabulary))
    texts.append((rng.choice([" ", "  ", "\n", "\u3000"]).join(changed), " ".join(base)))
long = words(200)
texts += [("", ""), ("", "a b"), ("a b", ""), ("...", "!?"), (long, long), (long, " ".join(reversed(long.split()))), ("a\x1cb\ufeffc", "a b c"), ("a\u0085b", "a b")]
texts += [("kinetic energy is conserved", "kinetic energy is conserved in elastic collisions"), ("J K L", "J K L"), ("one two three", "four"), ("a " * 95, "a b " * 31)]
out["ocr"] = [{"answer": a, "solution": s, "value": ocr(a, s)} for a, s in texts]
out["freeForm"] = [{"answer": a, "solution": s, "rouge": rouge(a, s)} for a, s in texts]

stemmer = porter.PorterStemmer()
roots = """relat nation ration conserv happ operat form us organ educat electric sens hope continu generous necess possib visib quick run
hop tan fall hiss fizz fil agre fe bl mot conflat troubl siz pl cr tr sk fl geolog theolog an al th y ay ey by oy play stay deny rely
vill ill roll control cool school""".split()
endings = """ s es ed ing ly er est ion ions ation ational tional ization izer ize ized izing al ally ality ism ist ful fulness fulli fully ness less
ous ously ousness ousli ive iveness iviti ity iti ic ical icate iciti able ably abli ible ibly bli ance ence anci enci ent entli ment
ement ate ator eed ied ies y eli alli logi logy e ee ll sses ss""".split(" ")
stems = sorted({r + e for r in roots for e in endings} | {w.lower() for w in vocabulary if re.fullmatch("[a-z0-9]+", w.lower())})
out["stems"] = [[w, stemmer.stem(w)] for w in stems if w]

# ---- form -----------------------------------------------------------------------------------------------------------
pieces = ["<think>", "</think>", "<answer>", "</answer>", "a", " ", "\n", "\u3000", "\ufeff", "\x1c"]
forms = ["", "<think>a</think><answer>b</answer>", "<think></think>\n<answer></answer>", "<think>a</think> b <answer>c</answer>"]
forms += ["<think>a</think><answer>b</answer>\n", " <think>a</think><answer>b</answer>", "<think>a</think><think>b</think><answer>c</answer>"]
forms += ["<think>a</think><answer>b</answer><answer>c</answer>", "<think></think><answer></answer", "<think>a</think><answer>x<answer> y </answer>"]
for _ in range(300):
    middle = [rng.choice(pieces) for _ in range(rng.randint(0, 7))]
    forms.append("".join(rng.choice([middle, ["<think>", *middle, "</answer>"]])))
out["forms"] = [{"text": t, "value": form(t), "answer": answer_of(t)} for t in dict.fromkeys(forms)]

# ---- evaluation -----------------------------------------------------------------------------------------------------
thresholds = 1 - torch.arange(0.5, 0.975, 0.05, dtype=torch.float32)


def mean_relative_accuracy(answer, solution):
    a, s = number(answer), number(solution)
    if a is None or s is None:
        return 0.0
    a, s = torch.tensor(a, dtype=torch.float32), torch.tensor(s, dtype=torch.float32)
    return (torch.abs(a - s) / (torch.abs(s) + 1e-8) < thresholds).float().mean().item()


pairs = [(f"{s * (1 + sign * share / 100):.6g}", f"{s}") for s in (1, 3, 10, 0.7, 123.4, 5000) for share in range(0, 60, 5) for sign in (1, -1)]
pairs += [(f"{s * (1 - t.item())!r}", f"{s}") for s in (1, 2, 10, 0.3) for t in thresholds]
pairs += [(rng.choice(numbers), rng.choice(numbers)) for _ in range(150)] + [("0", "0"), ("1e-9", "0"), ("1e39", "1e39"), ("-5", "5"), ("nan", "5"), ("inf", "inf")]
out["meanRelativeAccuracy"] = [{"answer": a, "solution": s, "value": mean_relative_accuracy(a, s)} for a, s in pairs]


def evaluated(completion, solution, kind):
    answer = answer_of(completion) or completion
    right = answer_of(solution)
    if kind == "multiple choice":
        return 1.0 if answer.strip() == right.strip() else 0.0
    if kind == "numerical":
        return numerical(answer, right)
    return mean_relative_accuracy(answer, right) if kind == "regression" else 0.0


wrappers = ["{}", " {} ", "<answer>{}</answer>", "<think>7</think><answer> {} </answer>", "<answer></answer>{}", "<answer> </answer>", "<answer>{}", "", "{}</answer>", "<think>no</think> {}"]
out["evaluation"] = []
for kind in ("multiple choice", "numerical", "OCR", "free-form", "regression"):
    for _ in range(80):
        values = ["A", "B", "a", "C. red"] if kind == "multiple choice" else ["3", "3.0", "3.001", "1,000", "12", "x", "7"]
        completion, solution = rng.choice(wrappers).format(rng.choice(values)), f"<answer>{rng.choice(values)}</answer>"
        out["evaluation"].append({"completion": completion, "solution": solution, "type": kind, "value": evaluated(completion, solution, kind)})

target = Path(__file__).parent.parent / "fixtures" / "rewards.json"
target.write_text(json.dumps(out, ensure_ascii=True, separators=(",", ":")).replace('],"', '],\n"') + "\n")
print(target, {name: len(cases) for name, cases in out.items()}, target.stat().st_size, "bytes")

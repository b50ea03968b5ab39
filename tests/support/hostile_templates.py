"""Chat templates that take time, memory or liberties: each has to end in one sentence."""

LOOP = "{% for a in range(99999) %}{% for b in range(99999) %}{% for c in range(99999) %}"
ENDS = "{% endfor %}{% endfor %}{% endfor %}"

SLOW = {
    "nested-ranges": f"{LOOP}{ENDS}",
    "nested-ranges-with-text": f"{LOOP}{{% if a > 1 %}}x{{% endif %}}{ENDS}",
    "a-huge-power": "{% set n = 10 ** 9 %}{{ (7 ** n) % 10 }}",
    "powers-of-powers": "{{ 9 ** (9 ** 9) }}",
    "a-macro-that-branches": "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(64) }}",
    "sums-of-ranges": "{% for a in range(99999) %}{{ range(99999) | sum and '' }}{% endfor %}",
    "sorts": "{% for a in range(99999) %}{{ range(99999) | sort | length and '' }}{% endfor %}",
    "a-loop-through-the-messages": (
        "{% for m in messages %}{% for a in range(99999) %}{% for b in range(99999) %}{{ m.content and '' }}"
        "{% endfor %}{% endfor %}{% endfor %}"
    ),
    "a-search": f"{{% set s = 'a' * 9999999 %}}{LOOP}{{{{ s.find('b') and '' }}}}{ENDS}",
}
LARGE = {
    "a-long-string": "{{ 'a' * 10 ** 10 }}",
    "a-long-string-not-shown": "{% set s = 'a' * 10 ** 10 %}",
    "a-wide-number": "{{ '%999999999d' % 1 }}",
    "a-wide-format": "{{ '{:999999999d}'.format(1) }}",
    "format-filter": "{{ '%0999999999d' | format(1) }}",
    "a-centred-text": "{{ 'a' | center(999999999) }}",
    "indents": "{{ ('a\n' * 99999) | indent(99999) }}",
    "doubling-a-string": (
        "{% set ns = namespace(s='a') %}{% for a in range(60) %}{% set ns.s = ns.s + ns.s %}{% endfor %}{{ ns.s }}"
    ),
    "doubling-a-list": "{% set ns = namespace(s=[1]) %}{% for a in range(60) %}{% set ns.s = ns.s + ns.s %}{% endfor %}",
    "a-repeated-list": "{% set s = [0] * 10 ** 10 %}",
    "a-list-of-ranges": "{% set s = ([range(99999)] * 9999) | map('list') | list %}",
    "joins": "{{ (['a' * 9999] * 99999) | join('b' * 9999) }}",
    "replacing": "{{ ('a' * 99999) | replace('a', 'b' * 99999) }}",
    "much-text": "{% for a in range(99999) %}{{ 'a' * 99 }}{% endfor %}",
    "much-text-of-one-message": "{% for a in range(99999) %}{{ messages[0].content * 9 }}{% endfor %}",
    "json-of-a-long-list": "{{ ([['a' * 999] * 999] * 9999) | tojson }}",
}
WRONG = {
    "include": "{% include 'other' %}",
    "include-of-a-file": "{% include '/etc/passwd' %}",
    "import": "{% import 'os' as os %}{{ os }}",
    "from-import": "{% from 'os' import path %}",
    "extends": "{% extends 'other' %}",
    "a-type-error": "{{ 1 + 'a' }}",
    "a-call-of-a-number": "{{ 7() }}",
    "an-index-of-nothing": "{{ nothing[0] }}",
    "an-undefined-attribute": "{{ nothing.at.all }}",
    "a-division": "{{ 1 // 0 }}",
    "a-key": "{{ {}['a']['b'] }}",
    "no-such-filter": "{{ 1 | no_such_filter }}",
    "a-syntax-error": "{% for %}",
    "an-end-that-is-missing": "{% for m in messages %}",
    "an-endless-recursion": "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
    "a-deep-nesting": "{{ " + "(" * 4000 + "1" + ")" * 4000 + " }}",
    "a-wide-range": "{% for a in range(10 ** 9) %}{% endfor %}",
    "the-class-of-a-text": "{{ ''.__class__.__mro__[1].__subclasses__()[0]('x') }}",
    "the-class-by-a-filter": "{{ (messages | attr('__class__')).mro() }}",
    "the-class-by-a-format": "{{ '{0.__class__.__mro__[1]}'.format(messages)() }}",
    "globals-of-a-macro": "{% macro f() %}{% endmacro %}{{ f.__globals__['os'].system('true') }}",
    "a-namespace-with-an-underscore": "{% set ns = namespace(__class__=1) %}",
    "a-change-of-the-messages": "{{ messages.append(1) }}",
    "a-refusal": "{{ raise_exception('not today') }}",
    "a-refusal-with-an-odd-text": "{{ raise_exception(messages) }}",
    "a-long-refusal": "{{ raise_exception('a ' * 9999) }}",
    "the-digits-of-a-power": "{{ 2 ** 9999999 }}",
    "bytes-of-a-number": "{{ (1).to_bytes(10 ** 12) }}",
}
HOSTILE = {**SLOW, **LARGE, **WRONG}

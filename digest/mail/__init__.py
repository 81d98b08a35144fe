"""How every mail reads: parts of wording (templates), rendered once, joined for each reader.

`parts` renders templates, `slots` lists what they may name, `form` and `span` are rendered templates cut into
encoded pieces, `card` is a paper, `values` is what a reader puts in, `headers` is the header, `compose` joins a
digest and `notice` a mail to one person (`said`: what that tells). A part never sees the reader.

What operators write goes through `limited` (its process is `child`, in which `sandbox` and `look` run); `scope` looks
over what comes back, and `proof` tries a part with `samples` before it may come into force.
"""

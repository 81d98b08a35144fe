"""How every mail reads: parts of wording (templates), rendered once, joined for each reader.

`parts` compiles templates, `slots` lists what they may name, `form` and `span` are rendered templates cut into
encoded pieces, `card` is a paper, `values` is what a reader puts in, `headers` is the header, `compose` joins a
digest and `notice` a mail to one person (`said`: what that tells). A part never sees the reader.
"""

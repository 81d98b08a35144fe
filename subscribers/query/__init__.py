"""The filter language: what readers type to say what they care about. All of it is pure.

    *                           every paper
    diffusion policy            both words, in title or abstract; AND is implied
    A OR B    A | B             any of them; NOT binds before AND before OR, brackets say otherwise
    -term  NOT term  !term      left out; a dash inside a word is no operator
    "kv cache"                  a phrase, within the title or within the abstract
    "cache eviction"~5          these words in any order, at most 5 others between the first and the last
    quantiz*                    words that begin so, 3 letters or more
    =training  ="a phrase"      as written, no stemming
    title:  abstract:           one field alone: of a word, a phrase, a group in brackets
    author:"Y LeCun"            initials match full given names
    org:  journal:  tag:        part of an organisation's name, of a journal's, of a keyword
    cat:cs.LG  primary:cs.*     a category of arXiv; all of an archive; the paper's first one
    id:2401.01234               one paper: an arXiv id, a DOI, source:guid
    source:                     the short name of a source
    upvotes:>=20  comments:5..  also > <= < = and 10..50
    published:P7D  2026-01-01.. in the last days before the paper is judged; from one day to another
    has:code  has:project
    is:new  is:revised  is:cross  how arXiv announced it

Case, accents and a word's ending don't matter, a hyphen equals a space, and two neighbours written as one
word count too ("finetuning", "fine-tuning", "fine tuning"). Spellings of arXiv and PubMed (ti: abs: au: [ti]
[tiab:~5] ANDNOT submittedDate:[a TO b] ...) are taken and rewritten with a notice.

`parser` reads a text into the values of `nodes`; `canonical` gives one text to one meaning; `explain` says it
in plain words; `words` and `tex` read texts, of filters and of papers alike, `names` ids and categories; `errors`
says what can't be read.
"""

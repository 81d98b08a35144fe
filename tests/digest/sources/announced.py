"""Invented listings of arXiv and of feeds, in every dialect that is read, for the tests of this folder."""

from __future__ import annotations

from html import escape

SPACES = (
    'xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns:dc="http://purl.org/dc/elements/1.1/" '
    'xmlns:atom="http://www.w3.org/2005/Atom"'
)
MIDNIGHT = "Tue, 24 Nov 2026 00:00:00 -0500"


def rss_entry(
    number: int = 1,
    *,
    version: int = 1,
    kind: str = "new",
    title: str = "",
    people: str = "Odalys Fennimore, Bram Oyelaran",
    date: str = MIDNIGHT,
    more: str = "",
) -> str:
    """An item as rss.arxiv.org writes it."""
    name = f"2611.{number:05d}"
    return f"""<item><title>{escape(title or f"Moss {number}", quote=False)}</title>
      <link>https://arxiv.org/abs/{name}</link>
      <description>arXiv:{name}v{version} Announce Type: {kind} \nAbstract: We grow moss, $x &lt; 3$.</description>
      <guid isPermaLink="false">oai:arXiv.org:{name}v{version}</guid>
      <category>cs.LG</category><category>cs.AI</category>
      <pubDate>{date}</pubDate><arxiv:announce_type>{kind}</arxiv:announce_type>
      <dc:creator>{escape(people, quote=False)}</dc:creator>{more}</item>"""


def rss(*entries: str, date: str = MIDNIGHT, title: str = "cs updates on arXiv.org", description: str = "cs") -> bytes:
    """A feed of rss.arxiv.org; its build date is later than everything in it."""
    head = f"""<title>{title}</title><link>http://rss.arxiv.org/rss/cs</link><description>{description}</description>
      <lastBuildDate>Wed, 25 Nov 2026 04:00:18 +0000</lastBuildDate><managingEditor>help@lists.example</managingEditor>
      <pubDate>{date}</pubDate><skipDays><day>Sunday</day></skipDays>"""
    return f"<?xml version='1.0' encoding='UTF-8'?>\n<rss {SPACES} version=\"2.0\"><channel>{head}{''.join(entries)}\
</channel></rss>".encode()


def atom(*numbers: int, kind: str = "new", day: str = "2026-11-24") -> bytes:
    """The same as Atom, as rss.arxiv.org writes it: `updated` is the time of rendering."""
    entries = "".join(
        f"""<entry><id>oai:arXiv.org:2611.{n:05d}v2</id><title>Moss {n}</title>
        <updated>2026-11-25T04:00:18.600435+00:00</updated>
        <link href="https://arxiv.org/abs/2611.{n:05d}" rel="alternate" type="text/html"/>
        <summary>arXiv:2611.{n:05d}v2 Announce Type: {kind} \nAbstract: We grow moss.</summary><category term="cs.LG"/>
        <published>{day}T00:00:00-05:00</published><arxiv:announce_type>{kind}</arxiv:announce_type>
        <dc:creator>Odalys Fennimore</dc:creator></entry>"""
        for n in numbers
    )
    return f"""<?xml version='1.0' encoding='UTF-8'?><feed {SPACES} xmlns="http://www.w3.org/2005/Atom">
      <id>http://rss.arxiv.org/atom/cs</id><title>cs updates on arXiv.org</title>
      <updated>2026-11-25T04:00:18.6+00:00</updated>{entries}</feed>""".encode()


def api(*numbers: int, start: int = 0, total: int | None = None, entry: str = "") -> bytes:
    """A page of the export API."""
    entries = "".join(
        f"""<entry><id>http://arxiv.org/abs/2611.{n:05d}v3</id><title>Moss {n}</title>
        <updated>2026-11-25T08:00:00Z</updated><published>2026-11-20T08:00:00Z</published>
        <link href="http://elsewhere.example/" rel="alternate" type="text/html"/>
        <summary>  We grow moss.</summary><category term="cs.LG"/><arxiv:primary_category term="cs.AI"/>
        <arxiv:comment>9 pages</arxiv:comment><arxiv:journal_ref>Moss 1 (2026)</arxiv:journal_ref>
        <author><name>Odalys Fennimore</name><arxiv:affiliation>Fernhill, Inc.</arxiv:affiliation></author>
        <author><name>Tern Collaboration</name></author><arxiv:doi>10.5555/MOSS.{n}</arxiv:doi></entry>"""
        for n in numbers
    )
    total = len(numbers) if total is None else total
    return f"""<?xml version='1.0' encoding='UTF-8'?>
      <feed xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/" {SPACES} xmlns="http://www.w3.org/2005/Atom">
      <id>https://arxiv.org/api/x</id><title>arXiv Query</title><updated>2026-11-25T09:00:00Z</updated>
      <opensearch:itemsPerPage>{len(numbers)}</opensearch:itemsPerPage>
      <opensearch:totalResults>{total}</opensearch:totalResults><opensearch:startIndex>{start}</opensearch:startIndex>
      {entry}{entries}</feed>""".encode()


API_ERROR = api(
    entry="""<entry><id>https://arxiv.org/api/errors#incorrect_id_format_for_moss</id><title>Error</title>
    <summary>incorrect id format for moss</summary><author><name>arXiv api core</name></author></entry>""",
    total=1,
)

RDF = rb"""<?xml version="1.0" encoding="UTF-8"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
 xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="http://arxiv.org/">
<title>cs updates on arXiv.org</title>
<link>http://arxiv.org/</link><dc:date>2018-05-23T20:30:00-05:00</dc:date><dc:publisher>help@lists.example</dc:publisher>
</channel>
<item rdf:about="http://arxiv.org/abs/1805.00001"><title>Moss at $\sqrt{s}$. (arXiv:1805.00001v1 [cs.LG])</title>
<link>http://arxiv.org/abs/1805.00001</link><description rdf:parseType="Literal">&lt;p&gt;For $2&amp;lt;\eta$ we
see moss.
&lt;/p&gt;</description><dc:creator> &lt;a href=&quot;http://arxiv.org/find/1/au:+D/0/1&quot;&gt;Cy Dee&lt;/a&gt; (Tern
 Collaboration), &lt;a href=&quot;http://arxiv.org/find/1/au:+B&quot;&gt;Bo Bee&lt;/a&gt;</dc:creator></item>
<item rdf:about="http://arxiv.org/abs/1805.00002"><title>Fern (arXiv:1805.00002v2 [cs.AI] CROSS LISTED)</title>
<description>&lt;p&gt;x&lt;/p&gt;</description></item>
<item rdf:about="http://arxiv.org/abs/cs/0309136"><title>Reed (arXiv:cs/0309136v4 [cs.AI] UPDATED)</title></item>
</rdf:RDF>"""


def page(new: int = 1, *, of: int | None = None, end: str = "</html>") -> bytes:
    """The list page of new papers, with a cross-list and a replacement."""
    entries = "".join(_pair(f"2611.{n + 1:05d}") for n in range(new))
    return f"""<!DOCTYPE html><html><body><div id='dlpage'><h1>Machine Learning</h1>
      <h3>Showing new listings for Tuesday, 24 November 2026</h3>
      <dl id='articles'><h3>New submissions (showing {new} of {new if of is None else of} entries)</h3>{entries}</dl>
      <dl id='articles'><h3>Cross submissions (showing 1 of 1 entries)</h3>
      {_pair("2611.90001", "(cross-list from cs.RO)")}
      </dl><dl id='articles'><h3>Replacement submissions (showing 1 of 1 entries)</h3>
      {_pair("2510.90002", "(replaced) (cross-list from cs.RO)")}</dl></div></body>{end}""".encode()


def _pair(name: str, marks: str = "") -> str:
    return f"""<dt><a name='item1'>[1]</a> <a href ="/abs/{name}" title="Abstract" id="{name}">arXiv:{name}</a> {marks}
      [<a href="/pdf/{name}" title="Download PDF">pdf</a>]</dt><dd><div class='meta'>
      <div class='list-title mathjax'><span class='descriptor'>Title:</span> Moss &amp; &lt;think&gt; on $x$</div>
      <div class='list-authors'><a href="/s">Odalys Fennimore</a>, <a href="/s">Bram Oyelaran</a>,
       <a href="/s">The Tern Collaboration</a></div>
      <div class='list-comments mathjax'><span class='descriptor'>Comments:</span> 3 pages</div>
      <div class='list-subjects'><span class='descriptor'>Subjects:</span>
      <span class="primary-subject">Machine Learning (cs.LG)</span>; Machine Learning (stat.ML)</div>
      <p class='mathjax'> We grow moss. </p></div></dd>"""


def item(guid: str, link: str, date: str, title: str, more: str = "") -> str:
    """One item of RSS 2.0; an empty part is left out."""
    parts = {"guid": guid, "link": link, "pubDate": date, "title": title}
    said = "".join(f"<{name}>{escape(text, quote=False)}</{name}>" for name, text in parts.items() if text)
    return f"<item>{said}{more}</item>"


def channel(*items: str) -> bytes:
    """A journal's RSS 2.0."""
    head = (
        "<title>Journal of Moss</title><link>http://j.example/</link><managingEditor>ed@j.example (Ed)</managingEditor>"
    )
    return f'<rss version="2.0" {SPACES}><channel>{head}{"".join(items)}</channel></rss>'.encode()

"""The ready-made topics that every installation starts with. Canonical forms as the language wrote them then."""

from hashlib import sha256

from django.apps.registry import Apps as StateApps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

# name, text, canonical form, note, when settled, cap
READY = (
    (
        'Trending',
        '*',
        '*',
        "What everybody is looking at: the ten papers with the most votes, when the day's votes are in.",
        True,
        10,
    ),
    (
        'Agents and tools',
        'agent* OR "tool use" OR "tool calling" OR "function calling" OR "computer use"',
        '"computer use" OR "function calling" OR "tool calling" OR "tool use" OR agent*',
        'Language models that act: tools, browsers, many agents at once.',
        False,
        None,
    ),
    (
        'Reasoning',
        'reasoning OR "chain of thought" OR "test time compute" OR "test time scaling"',
        '"chain of thought" OR "test time compute" OR "test time scaling" OR reasoning',
        'Thinking before answering, and how much of it pays.',
        False,
        None,
    ),
    (
        'Learning from rewards',
        '"reinforcement learning" OR rlhf OR rlvr OR grpo OR "reward model" OR "preference optimization"',
        '"preference optimization" OR "reinforcement learning" OR "reward model" OR grpo OR rlhf OR rlvr',
        'Reinforcement learning and preferences, for language models and beyond.',
        False,
        None,
    ),
    (
        'Long context and memory',
        '"long context" OR "kv cache" OR "context window" OR "sparse attention" OR "linear attention"',
        '"context window" OR "kv cache" OR "linear attention" OR "long context" OR "sparse attention"',
        'Longer inputs, and what is kept of them.',
        False,
        None,
    ),
    (
        'Efficient models',
        'quantiz* OR pruning OR distillation OR "speculative decoding" OR "efficient inference" OR "mixture of experts"',
        '"efficient inference" OR "mixture of experts" OR "speculative decoding" OR distillation OR pruning OR quantiz*',
        'Smaller, faster, cheaper.',
        False,
        None,
    ),
    (
        'Evaluation',
        'title:benchmark* OR title:bench OR title:evaluat* OR leaderboard',
        'leaderboard OR title:bench OR title:benchmark* OR title:evaluat*',
        'Benchmarks, and what they miss.',
        False,
        None,
    ),
    (
        'Code and software',
        '"code generation" OR "software engineering" OR "program synthesis" OR "coding agents" OR "swe bench"',
        '"code generation" OR "coding agents" OR "program synthesis" OR "software engineering" OR "swe bench"',
        'Models that write and mend programs.',
        False,
        None,
    ),
    (
        'Vision and language',
        '"vision language" OR multimodal OR vlm OR mllm',
        '"vision language" OR mllm OR multimodal OR vlm',
        'Models that see and read.',
        False,
        None,
    ),
    (
        'Images and video',
        '"text to image" OR "text to video" OR "image generation" OR "video generation" OR "image editing" OR "diffusion model"',
        '"diffusion model" OR "image editing" OR "image generation" OR "text to image" OR "text to video" OR "video generation"',
        'Making pictures and films.',
        False,
        None,
    ),
    (
        'Speech and sound',
        'speech OR audio OR music',
        'audio OR music OR speech',
        'Voices, sound and music.',
        False,
        None,
    ),
    (
        'Robots',
        'robot* OR embodied OR "vision language action" OR "dexterous manipulation"',
        '"dexterous manipulation" OR "vision language action" OR embodied OR robot*',
        'Learning to move and to handle things.',
        False,
        None,
    ),
    (
        'Worlds in 3D',
        '"world model" OR "gaussian splatting" OR "3d reconstruction" OR "3d generation" OR nerf',
        '"3d generation" OR "3d reconstruction" OR "gaussian splatting" OR "world model" OR nerf',
        'Scenes, geometry, and models of how a world goes on.',
        False,
        None,
    ),
    (
        'Safety and alignment',
        'safety OR alignment OR jailbreak* OR "red teaming" OR "prompt injection" OR unlearning',
        '"prompt injection" OR "red teaming" OR alignment OR jailbreak* OR safety OR unlearning',
        'What models should not do, and how to keep them from it.',
        False,
        None,
    ),
    (
        'Retrieval',
        '"retrieval augmented" OR rag OR "dense retrieval" OR reranking OR "deep research"',
        '"deep research" OR "dense retrieval" OR "retrieval augmented" OR rag OR reranking',
        'Finding the text to answer from.',
        False,
        None,
    ),
    (
        'Data and pre-training',
        'pretraining OR "synthetic data" OR "data curation" OR "scaling laws" OR title:dataset',
        '"data curation" OR "scaling laws" OR "synthetic data" OR pretraining OR title:dataset',
        'What models are made from.',
        False,
        None,
    ),
    (
        'Science',
        'protein* OR molecul* OR chemistry OR "drug discovery" OR "materials science" OR theorem*',
        '"drug discovery" OR "materials science" OR chemistry OR molecul* OR protein* OR theorem*',
        'Models for the natural sciences and mathematics.',
        False,
        None,
    ),
)


def add(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    filters, topics = apps.get_model("subscribers", "Filter"), apps.get_model("subscribers", "ReadyTopic")
    for place, (name, text, canonical, note, settled, cap) in enumerate(READY, 1):
        digest = sha256(canonical.encode()).hexdigest()
        meaning, _ = filters.objects.get_or_create(digest=digest, defaults={"canonical": canonical})
        topics.objects.get_or_create(
            name=name,
            defaults={"text": text, "filter": meaning, "note": note, "settled": settled, "cap": cap, "place": 10 * place},
        )


class Migration(migrations.Migration):
    dependencies = [("subscribers", "0005_readytopic_topic_ready")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]

"""What stages are called: words in the languages of CRMs that people have, by what they mean.

They help to propose a mapping, and tell where a label says something else than the CRM's own flags. Nothing is ever
decided by them: a person confirms a proposal, and closed and won are the CRM's flags.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

ENGLISH = "English"


class Meaning(StrEnum):
    """How far a sale has come, as far as a label can tell."""

    IDENTIFIED = "identified"
    AWARENESS = "awareness"
    ENGAGED = "engaged"
    EVALUATING = "evaluating"
    NEGOTIATING = "negotiating"
    WON = "won"
    LOST = "lost"


#: Words by meaning and language. What stands twice in one language means the first.
WORDS: Mapping[Meaning, Mapping[str, tuple[str, ...]]] = {
    Meaning.WON: {
        ENGLISH: ("closed won", "won", "deal signed", "signed", "closed", "customer", "contract signed"),
        "German": ("gewonnen", "geschlossen gewonnen", "abgeschlossen gewonnen", "auftrag erhalten", "kunde"),
        "French": ("gagné", "conclu", "fermé gagné", "clôturé gagné", "signé", "client"),
        "Spanish": ("ganado", "ganada", "cerrado ganado", "cerrada ganada", "firmado"),
        "Italian": ("vinto", "chiuso vinto", "chiusa vinta", "firmato"),
        "Portuguese": ("ganho", "fechado ganho", "fechado e ganho"),
        "Dutch": ("gewonnen deal", "gesloten gewonnen", "getekend"),
        "Swedish": ("vunnen", "stängd vunnen", "vunnet"),
        "Polish": ("wygrana", "zamknięta wygrana"),
        "Japanese": ("受注", "成立", "成約"),
        "Chinese": ("赢单", "成交", "已赢得"),
    },
    Meaning.LOST: {
        ENGLISH: (
            "closed lost",
            "lost",
            "dead",
            "abandoned",
            "closed abandoned",
            "disqualified",
            "no decision",
            "cancelled",
            "unqualified",
            "rejected",
            "churned",
        ),
        "German": ("verloren", "geschlossen verloren", "abgeschlossen verloren", "abgelehnt", "storniert"),
        "French": ("perdu", "fermé perdu", "clôturé perdu", "abandonné"),
        "Spanish": ("perdido", "perdida", "cerrado perdido", "cerrada perdida", "cancelado"),
        "Italian": ("perso", "persa", "chiuso perso", "chiusa persa", "annullato"),
        "Portuguese": ("perda", "fechado perdido", "fechado e perdido"),
        "Dutch": ("gesloten verloren", "verloren deal", "afgewezen"),
        "Swedish": ("förlorad", "stängd förlorad", "förlorat"),
        "Polish": ("przegrana", "zamknięta przegrana"),
        "Japanese": ("失注", "不成立"),
        "Chinese": ("输单", "丢单", "已失去"),
    },
    Meaning.NEGOTIATING: {
        ENGLISH: (
            "negotiating",
            "negotiation",
            "negotiation review",
            "contract sent",
            "contracting",
            "proposal",
            "proposal sent",
            "proposal price quote",
            "quote",
            "pricing",
            "legal",
            "procurement",
            "decision",
            "decision maker bought in",
            "verbal",
            "verbal commit",
            "commit",
            "terms",
        ),
        "German": ("verhandlung", "angebot", "angebot versendet", "vertrag", "vertrag versendet", "entscheidung"),
        "French": ("négociation", "proposition", "devis", "devis envoyé", "contrat envoyé", "décision"),
        "Spanish": ("negociación", "propuesta", "cotización", "contrato enviado", "decisión"),
        "Italian": ("negoziazione", "trattativa", "proposta", "preventivo", "offerta", "decisione"),
        "Portuguese": ("negociação", "orçamento", "contrato", "contrato enviado", "decisão"),
        "Dutch": ("onderhandeling", "offerte", "voorstel", "beslissing"),
        "Swedish": ("förhandling", "offert", "beslut"),
        "Polish": ("negocjacje", "oferta", "decyzja"),
        "Japanese": ("交渉", "見積", "提案"),
        "Chinese": ("谈判", "报价", "议价"),
    },
    Meaning.EVALUATING: {
        ENGLISH: (
            "evaluating",
            "evaluation",
            "discovery",
            "discovery call",
            "demo",
            "demo scheduled",
            "trial",
            "pilot",
            "proof of concept",
            "poc",
            "needs analysis",
            "value proposition",
            "solution design",
            "perception analysis",
            "id decision makers",
            "presentation",
            "presentation scheduled",
            "qualified to buy",
            "consideration",
            "meeting booked",
            "technical review",
        ),
        "German": ("bedarfsanalyse", "bedarfsermittlung", "bewertung", "evaluierung", "vorführung", "präsentation"),
        "French": ("évaluation", "analyse des besoins", "démonstration", "présentation", "découverte"),
        "Spanish": ("evaluación", "análisis de necesidades", "demostración", "presentación"),
        "Italian": ("valutazione", "analisi dei bisogni", "dimostrazione", "presentazione"),
        "Portuguese": ("avaliação", "análise de necessidades", "demonstração", "apresentação"),
        "Dutch": ("evaluatie", "behoefteanalyse", "presentatie"),
        "Swedish": ("utvärdering", "behovsanalys"),
        "Polish": ("ocena", "analiza potrzeb"),
        "Japanese": ("評価", "ニーズ分析", "検討"),
        "Chinese": ("评估", "需求分析", "演示"),
    },
    Meaning.ENGAGED: {
        ENGLISH: (
            "engaged",
            "interested",
            "responded",
            "replied",
            "working",
            "mql",
            "marketing qualified lead",
            "connected",
            "appointment scheduled",
            "meeting scheduled",
            "warm",
            "active",
        ),
        "German": ("interessiert", "interesse", "termin vereinbart", "in kontakt"),
        "French": ("intéressé", "engagé", "rendez vous fixé"),
        "Spanish": ("interesado", "comprometido", "cita programada"),
        "Italian": ("interessato", "coinvolto"),
        "Portuguese": ("interessado", "engajado"),
        "Dutch": ("geïnteresseerd", "betrokken"),
        "Swedish": ("intresserad", "engagerad"),
        "Polish": ("zainteresowany", "zaangażowany"),
        "Japanese": ("関心", "面談"),
        "Chinese": ("有兴趣", "已接洽"),
    },
    Meaning.AWARENESS: {
        ENGLISH: (
            "awareness",
            "aware",
            "prospecting",
            "outreach",
            "contacted",
            "attempted to contact",
            "qualification",
            "qualifying",
            "lead",
            "nurture",
            "nurturing",
            "cold",
            "reached out",
        ),
        "German": ("kontaktiert", "qualifizierung", "akquise", "erstkontakt", "bekanntheit"),
        "French": ("prospection", "contacté", "qualification du besoin", "sensibilisation"),
        "Spanish": ("prospección", "contactado", "calificación", "conocimiento"),
        "Italian": ("prospezione", "contattato", "qualificazione", "consapevolezza"),
        "Portuguese": ("prospecção", "contatado", "qualificação"),
        "Dutch": ("prospectie", "gecontacteerd", "kwalificatie", "bewustzijn"),
        "Swedish": ("prospektering", "kontaktad", "kvalificering"),
        "Polish": ("prospekting", "kwalifikacja"),
        "Japanese": ("新規開拓", "見込み", "初回接触"),
        "Chinese": ("潜在客户开发", "资格审查", "已联系"),
    },
    Meaning.IDENTIFIED: {
        ENGLISH: ("identified", "target", "targeted", "prospect", "new", "suspect", "subscriber", "not contacted"),
        "German": ("identifiziert", "neu", "interessent", "zielkunde"),
        "French": ("identifié", "nouveau", "cible"),
        "Spanish": ("identificado", "nuevo", "objetivo"),
        "Italian": ("identificato", "nuovo", "obiettivo"),
        "Portuguese": ("identificado novo", "novo", "alvo"),
        "Dutch": ("geïdentificeerd", "nieuw", "doelwit"),
        "Swedish": ("identifierad", "ny"),
        "Polish": ("zidentyfikowany", "nowy"),
        "Japanese": ("新規", "特定"),
        "Chinese": ("新建", "已识别"),
    },
}  # fmt: skip

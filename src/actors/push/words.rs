//! The few words that a notice needs of its own, in the languages of the browser app. A push reaches a browser in which no
//! page is open, so they cannot come from there.

/// The words of one language.
pub(super) struct Words {
    /// Its tag.
    pub lang: &'static str,
    pub message: &'static str,
    /// `{name}` stands for who wrote.
    mention: &'static str,
    pub someone: &'static str,
    pub alert: &'static str,
    pub test: &'static str,
    kinds: [&'static str; KINDS.len()],
}

/// Kinds of content that have no words of their own.
const KINDS: [&str; 9] = [
    "image",
    "video",
    "audio",
    "document",
    "sticker",
    "location",
    "contacts",
    "order",
    "story_mention",
];

const ENGLISH: Words = Words {
    lang: "en",
    message: "New message",
    mention: "{name} mentions you",
    someone: "Someone",
    alert: "Something needs attention",
    test: "A test: this device is told of news.",
    kinds: [
        "Picture",
        "Video",
        "Audio",
        "Document",
        "Sticker",
        "Location",
        "Contact card",
        "Order",
        "Mentioned you in a story",
    ],
};
const ARABIC: Words = Words {
    lang: "ar",
    message: "رسالة جديدة",
    mention: "أشار إليك {name}",
    someone: "أحدهم",
    alert: "هناك ما يحتاج إلى انتباه",
    test: "تجربة: يُبلَّغ هذا الجهاز بالجديد.",
    kinds: [
        "صورة",
        "فيديو",
        "مقطع صوتي",
        "مستند",
        "ملصق",
        "موقع",
        "بطاقة جهة اتصال",
        "طلب",
        "أشار إليك في قصة",
    ],
};
const SWAHILI: Words = Words {
    lang: "sw",
    message: "Ujumbe mpya",
    mention: "{name} amekutaja",
    someone: "Mtu",
    alert: "Kuna jambo linahitaji kuangaliwa",
    test: "Jaribio: kifaa hiki kinaarifiwa habari.",
    kinds: [
        "Picha",
        "Video",
        "Sauti",
        "Waraka",
        "Kibandiko",
        "Mahali",
        "Kadi ya mawasiliano",
        "Agizo",
        "Amekutaja kwenye hadithi",
    ],
};
const PORTUGUESE: Words = Words {
    lang: "pt",
    message: "Nova mensagem",
    mention: "{name} menciona você",
    someone: "Alguém",
    alert: "Algo precisa de atenção",
    test: "Um teste: este dispositivo recebe avisos.",
    kinds: [
        "Imagem",
        "Vídeo",
        "Áudio",
        "Documento",
        "Figurinha",
        "Localização",
        "Cartão de contato",
        "Pedido",
        "Mencionou você em um story",
    ],
};
const SPANISH: Words = Words {
    lang: "es",
    message: "Mensaje nuevo",
    mention: "{name} te menciona",
    someone: "Alguien",
    alert: "Algo necesita atención",
    test: "Una prueba: este dispositivo recibe avisos.",
    kinds: [
        "Imagen",
        "Vídeo",
        "Audio",
        "Documento",
        "Sticker",
        "Ubicación",
        "Tarjeta de contacto",
        "Pedido",
        "Te mencionó en una historia",
    ],
};

impl Words {
    /// For the first of the language tags that is known; English if none is.
    pub(super) fn of(tags: [&str; 2]) -> &'static Self {
        let all = [&ENGLISH, &ARABIC, &SWAHILI, &PORTUGUESE, &SPANISH];
        let known = |tag: &str| {
            let language = tag.split('-').next().unwrap_or_default();
            all.into_iter()
                .find(|words| words.lang.eq_ignore_ascii_case(language))
        };
        tags.into_iter().find_map(known).unwrap_or(&ENGLISH)
    }

    pub(super) fn mention(&self, name: &str) -> String {
        self.mention.replace("{name}", name)
    }

    /// What a message without words of its own is called.
    pub(super) fn kind(&self, kind: &str) -> &'static str {
        let at = KINDS.iter().position(|known| *known == kind);
        at.map_or(self.message, |at| self.kinds[at])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_persons_language_comes_before_the_businesss() {
        for (tags, lang) in [
            (["ar", "en"], "ar"),
            (["pt-BR", ""], "pt"),
            (["", "sw"], "sw"),
            (["fr", "es-MX"], "es"),
            (["fr", "de"], "en"),
            (["", ""], "en"),
        ] {
            assert_eq!(Words::of(tags).lang, lang, "{tags:?}");
        }
        assert_eq!(Words::of(["es", ""]).kind("image"), "Imagen");
        assert_eq!(Words::of(["es", ""]).kind("hologram"), "Mensaje nuevo");
        assert_eq!(Words::of(["en", ""]).mention("Ana"), "Ana mentions you");
    }
}

package dev.loupe.tokens;

import org.jspecify.annotations.Nullable;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Byte-pair encoding as model files describe it. A text goes through these steps:
 *
 * <ol>
 *   <li>added tokens are found in it; control tokens only if asked;
 *   <li>what is between them is rewritten (Unicode normalization, {@code ▁} for spaces);
 *   <li>it is split into pieces, so that no token reaches over, say, the end of a word;
 *   <li>in each piece neighbours are merged, most wanted pair first, until none merges.
 * </ol>
 *
 * Time is n log n at worst in the length of a piece, whatever the text.
 */
public final class BpeTokenizer implements Tokenizer {
    private final Vocabulary vocabulary;
    private final Alphabet alphabet;
    private final List<Rewriting> normalizers;
    private final List<Rewriting> preparations;
    private final Splitter[] splitters;
    private final AddedTokens rawAlways;
    private final AddedTokens rawAll;
    private final AddedTokens normalizedAlways;
    private final AddedTokens normalizedAll;
    private final int[] before;
    private final int[] after;
    private final int bos;
    private final int eos;
    private final Set<Integer> endOfGeneration;
    private final boolean dropsSpace;
    private final Map<Integer, String> addedTexts = new HashMap<>();
    private final PieceEncoder.Model model;
    private final AtomicReference<@Nullable PieceEncoder> spare = new AtomicReference<>();

    BpeTokenizer(BpeTokenizerBuilder b) {
        vocabulary = b.vocabulary;
        alphabet = b.alphabet;
        normalizers = List.copyOf(b.normalizers);
        preparations = List.copyOf(b.preparations);
        splitters = splitters(b);
        rawAlways = added(b, false, false);
        rawAll = added(b, false, true);
        normalizedAlways = added(b, true, false);
        normalizedAll = added(b, true, true);
        before = b.before.clone();
        after = b.after.clone();
        bos = b.bos;
        eos = b.eos;
        dropsSpace = b.dropsSpace;
        if (b.decodesAdded && alphabet == Alphabet.CHARACTERS) {
            for (AddedToken token : b.added) {
                AddedToken seen = token.normalized() ? normalize(token, normalizers) : token;
                addedTexts.put(token.id(), seen.text().replace('▁', ' '));
            }
        }
        endOfGeneration = Collections.unmodifiableSet(new TreeSet<>(b.endOfGeneration));
        model =
                new PieceEncoder.Model(
                        vocabulary,
                        b.merges,
                        alphabet,
                        b.whole,
                        b.byteFallback,
                        b.fuseUnknown,
                        b.unknown);
    }

    private static AddedTokens added(BpeTokenizerBuilder b, boolean normalized, boolean special) {
        return new AddedTokens(
                b.added.stream()
                        .filter(t -> t.normalized() == normalized && (special || !t.special()))
                        .map(t -> normalized ? normalize(t, b.normalizers) : t)
                        .toList());
    }

    private static AddedToken normalize(AddedToken token, List<Rewriting> normalizers) {
        char[] chars = wellFormed(token.text());
        AlignedText text = new AlignedText(chars, 0, chars.length);
        for (Rewriting step : normalizers) {
            text = step.apply(text);
        }
        return new AddedToken(
                token.id(),
                new String(text.chars(), text.from(), text.to() - text.from()),
                token.special(),
                token.lstrip(),
                token.rstrip(),
                token.singleWord(),
                true);
    }

    /** Where no merge can reach over the start of a word, words may be encoded one by one. */
    private static Splitter[] splitters(BpeTokenizerBuilder b) {
        List<Splitter> all = new ArrayList<>(b.splitters);
        if (b.alphabet == Alphabet.CHARACTERS
                && b.whole != WholePieces.ALWAYS
                && b.vocabulary.find("▁") >= 0
                && noWordInside(b)) {
            all.add(new Splitter.Before('▁', false));
        }
        return all.toArray(Splitter[]::new);
    }

    private static boolean noWordInside(BpeTokenizerBuilder b) {
        for (int id : b.merges.results()) {
            String text = b.vocabulary.text(id);
            for (int i = text.indexOf('▁', 1); i > 0; i = text.indexOf('▁', i + 1)) {
                if (text.charAt(i - 1) != '▁') {
                    return false;
                }
            }
        }
        return true;
    }

    @Override
    public Encoding encode(String text, EncodeOptions options) {
        TokenSink out = new TokenSink();
        if (options.addSpecial()) {
            for (int id : before) {
                out.add(id, 0, 0);
            }
        }
        encode(wellFormed(text), options.parseSpecial(), out);
        if (options.addSpecial()) {
            for (int id : after) {
                out.add(id, text.length(), text.length());
            }
        }
        return out.encoding();
    }

    private void encode(char[] chars, boolean special, TokenSink out) {
        PieceEncoder taken = spare.getAndSet(null);
        PieceEncoder pieces = taken != null ? taken : new PieceEncoder(model);
        AddedTokens raw = special ? rawAll : rawAlways;
        AddedTokens normalized = special ? normalizedAll : normalizedAlways;
        for (int at = 0; at < chars.length; ) {
            AddedTokens.Match match = raw.next(chars, at, chars.length, 0);
            int end = match == null ? chars.length : match.start();
            if (end > at) {
                AlignedText part = new AlignedText(chars, at, end);
                for (Rewriting step : normalizers) {
                    part = step.apply(part);
                }
                encodeNormalized(part, normalized, pieces, out);
            }
            if (match != null) {
                out.add(match.token().id(), match.start(), match.end());
                end = match.end();
            }
            at = end;
        }
        if (!pieces.bloated()) {
            spare.set(pieces);
        }
    }

    private void encodeNormalized(
            AlignedText text, AddedTokens added, PieceEncoder pieces, TokenSink out) {
        for (int at = text.from(); at < text.to(); ) {
            AddedTokens.Match match =
                    added.isEmpty() ? null : added.next(text.chars(), at, text.to(), text.from());
            int end = match == null ? text.to() : match.start();
            if (end > at) {
                AlignedText part =
                        at == text.from() && end == text.to() ? text : text.part(at, end);
                for (Rewriting step : preparations) {
                    part = step.apply(part);
                }
                split(0, part, part.from(), part.to(), pieces, out);
            }
            if (match != null) {
                out.add(match.token().id(), text.start(match.start()), text.end(match.end() - 1));
                end = match.end();
            }
            at = end;
        }
    }

    private void split(
            int step, AlignedText text, int from, int to, PieceEncoder pieces, TokenSink out) {
        if (step == splitters.length) {
            pieces.encode(text, from, to, out);
            return;
        }
        for (int start = from; start < to; ) {
            int end = splitters[step].end(text.chars(), start, to);
            split(step + 1, text, start, end, pieces, out);
            start = end;
        }
    }

    /** Half a surrogate pair is no character; U+FFFD stands for it, as it does in UTF-8. */
    private static char[] wellFormed(String text) {
        char[] chars = text.toCharArray();
        for (int i = 0; i < chars.length; i++) {
            if (Character.isSurrogate(chars[i])) {
                if (i + 1 < chars.length && Character.isSurrogatePair(chars[i], chars[i + 1])) {
                    i++;
                } else {
                    chars[i] = '\uFFFD';
                }
            }
        }
        return chars;
    }

    @Override
    public int vocabSize() {
        return vocabulary.size();
    }

    @Override
    public byte[] bytes(int id) {
        return vocabulary.kind(id).control() ? new byte[0] : ownBytes(id);
    }

    private byte[] ownBytes(int id) {
        String text = vocabulary.text(id);
        TokenKind kind = vocabulary.kind(id);
        String added = kind.control() ? null : addedTexts.get(id);
        if (added != null) {
            return added.getBytes(StandardCharsets.UTF_8);
        }
        if (kind == TokenKind.BYTE && text.length() == 6) {
            try {
                return new byte[] {(byte) Integer.parseInt(text, 3, 5, 16)};
            } catch (NumberFormatException notAByte) {
                return text.getBytes(StandardCharsets.UTF_8);
            }
        }
        if (kind != TokenKind.USER_DEFINED && !kind.control()) {
            byte[] bytes = alphabet == Alphabet.BYTES ? VisibleBytes.decode(text) : null;
            if (bytes != null) {
                return bytes;
            }
            if (alphabet == Alphabet.CHARACTERS) {
                text = text.replace('▁', ' ');
            }
        }
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public String text(int id) {
        return new String(ownBytes(id), StandardCharsets.UTF_8);
    }

    @Override
    public boolean control(int id) {
        return vocabulary.kind(id).control();
    }

    @Override
    public Decoder decoder() {
        return new Utf8Decoder(this, dropsSpace);
    }

    @Override
    public Decoder continuation() {
        return new Utf8Decoder(this, false);
    }

    @Override
    public OptionalInt bos() {
        return bos < 0 ? OptionalInt.empty() : OptionalInt.of(bos);
    }

    @Override
    public OptionalInt eos() {
        return eos < 0 ? OptionalInt.empty() : OptionalInt.of(eos);
    }

    @Override
    public Set<Integer> endOfGeneration() {
        return endOfGeneration;
    }

    @Override
    public boolean addsBos() {
        return bos >= 0 && contains(before, bos);
    }

    @Override
    public boolean addsEos() {
        return eos >= 0 && contains(after, eos);
    }

    private static boolean contains(int[] ids, int id) {
        return java.util.Arrays.stream(ids).anyMatch(i -> i == id);
    }

    @Override
    public OptionalInt idOf(String token) {
        return vocabulary.idOf(token);
    }
}

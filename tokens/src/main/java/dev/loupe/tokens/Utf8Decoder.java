package dev.loupe.tokens;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/** Joins the bytes of tokens and gives out whole characters. */
final class Utf8Decoder implements Decoder {
    private final Tokenizer tokenizer;
    private final CharsetDecoder decoder =
            StandardCharsets.UTF_8
                    .newDecoder()
                    .onMalformedInput(CodingErrorAction.REPLACE)
                    .onUnmappableCharacter(CodingErrorAction.REPLACE);
    private byte[] pending = new byte[0];
    private boolean dropsSpace;

    Utf8Decoder(Tokenizer tokenizer, boolean dropsSpace) {
        this.tokenizer = tokenizer;
        this.dropsSpace = dropsSpace;
    }

    @Override
    public String push(int id) {
        byte[] bytes = tokenizer.bytes(id);
        int skip = 0;
        if (dropsSpace && bytes.length > 0) {
            skip = bytes[0] == ' ' ? 1 : 0;
            dropsSpace = false;
        }
        ByteBuffer in = ByteBuffer.allocate(pending.length + bytes.length - skip);
        in.put(pending).put(bytes, skip, bytes.length - skip).flip();
        CharBuffer out = CharBuffer.allocate(in.remaining() + 1);
        decoder.decode(in, out, false);
        pending = new byte[in.remaining()];
        in.get(pending);
        return out.flip().toString();
    }

    @Override
    public String finish() {
        CharBuffer out = CharBuffer.allocate(pending.length + 1);
        decoder.decode(ByteBuffer.wrap(pending), out, true);
        decoder.flush(out);
        decoder.reset();
        pending = new byte[0];
        return out.flip().toString();
    }
}

package dev.loupe.files;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;

/** Counts what passes through. Closing it leaves the channel below open. */
final class CountingChannel implements WritableByteChannel {
    private final WritableByteChannel out;
    private long count;

    CountingChannel(WritableByteChannel out) {
        this.out = out;
    }

    long count() {
        return count;
    }

    @Override
    public int write(ByteBuffer bytes) throws IOException {
        int written = out.write(bytes);
        count += written;
        return written;
    }

    @Override
    public boolean isOpen() {
        return out.isOpen();
    }

    @Override
    public void close() {}
}

package dev.loupe.explorer;

import com.fasterxml.jackson.databind.node.ObjectNode;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerResponse;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;

/**
 * The answer to one request, as it is written. The engine waits until somebody has taken it, and
 * drops whoever takes nothing for a minute.
 */
final class Reply extends Asker {
    private static final int PIECE = 1 << 20;
    private static final long PATIENCE_SECONDS = 60;

    /** Progress is told no more often. */
    private static final long APART_NANOS = 50_000_000;

    private final Vertx vertx;
    private final HttpServerResponse response;
    private boolean lines;
    private long told = System.nanoTime() - APART_NANOS;

    Reply(Vertx vertx, HttpServerResponse response) {
        this.vertx = vertx;
        this.response = response;
        response.closeHandler(closed -> leave());
        response.exceptionHandler(broken -> leave());
    }

    @Override
    void progress(double share, String note) {
        check();
        long now = System.nanoTime();
        if (now - told < APART_NANOS) {
            return;
        }
        told = now;
        ObjectNode line = Answer.MAPPER.createObjectNode();
        line.put("progress", share).put("note", note);
        write(() -> {
            if (!lines) {
                lines = true;
                response.setChunked(true).putHeader("Content-Type", "application/x-ndjson");
            }
            return response.write(Buffer.buffer(line + "\n"));
        });
    }

    /** Writes an answer, piece by piece. */
    void send(Answer answer) {
        byte[] bytes = answer.bytes();
        if (lines) {
            write(() -> response.write(Buffer.buffer("{\"result\":")));
        } else {
            response.putHeader("Content-Type", answer.type())
                    .putHeader("Content-Length", Integer.toString(bytes.length));
        }
        for (int at = 0; at < bytes.length; at += PIECE) {
            Buffer piece = Buffer.buffer(Math.min(PIECE, bytes.length - at));
            piece.appendBytes(bytes, at, Math.min(PIECE, bytes.length - at));
            write(() -> response.write(piece));
        }
        write(() -> lines ? response.end("}\n") : response.end());
    }

    /** Says what went wrong. */
    void fail(ApiException e) {
        vertx.runOnContext(turn -> {
            if (gone() || response.ended() || response.closed()) {
                return;
            }
            if (lines) {
                ObjectNode line = Answer.MAPPER.createObjectNode().put("error", e.getMessage());
                response.end(line + "\n");
            } else {
                Explorer.fail(response, e);
            }
        });
    }

    /** Writes on the server's own thread, and waits until it is done. */
    private void write(Supplier<Future<Void>> writing) {
        check();
        CompletableFuture<Void> done = new CompletableFuture<>();
        vertx.runOnContext(turn -> {
            try {
                writing.get()
                        .onComplete(
                                ok -> done.complete(null),
                                failed -> done.completeExceptionally(failed));
            } catch (RuntimeException e) {
                done.completeExceptionally(e);
            }
        });
        try {
            done.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException e) {
            drop();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            drop();
        }
        check();
    }

    private void drop() {
        leave();
        vertx.runOnContext(turn -> response.reset());
    }
}

package dev.loupe.train;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;

/**
 * The numbers of each step, in the folder of a run: {@code metrics.csv} with one row a step, files
 * that TensorBoard reads, and {@code curve.svg}. Each step is there once: where training goes on
 * from an earlier step, later rows are cut off, for they are about to be made again.
 */
public final class Metrics implements AutoCloseable {
    private static final String NAME = "metrics.csv";
    private static final String PICTURE = "curve.svg";
    private static final String HEADER =
            "step,tokens,seconds,loss,val_loss,lr,gradient_norm,tokens_per_second,mfu,skipped\n";

    private final Path folder;
    private final Path file;
    private final RandomAccessFile rows;
    private @Nullable EventFile events;

    /**
     * A step as its row has it.
     *
     * @param validation the validation loss, NaN if there was no validation at this step
     */
    public record Point(long step, double loss, double validation) {}

    /**
     * Opens or begins the file.
     *
     * @param step where training goes on from; later rows are cut off
     * @throws DataException if it cannot be written
     */
    public Metrics(Path folder, long step) {
        this.folder = folder;
        file = folder.resolve(NAME);
        try {
            // closed by close(), or here if it cannot be used
            rows = new RandomAccessFile(file.toFile(), "rw");
        } catch (IOException e) {
            throw cannotWrite(file, e);
        }
        goOnFrom(step);
    }

    /** Cuts off what comes after a step. */
    public void goOnFrom(long step) {
        try {
            rows.setLength(endOf(step));
            rows.seek(rows.length());
            if (rows.length() == 0) {
                rows.write(HEADER.getBytes(StandardCharsets.US_ASCII));
            }
        } catch (IOException e) {
            throw cannotWrite(file, e);
        }
        try {
            if (events == null) {
                events = new EventFile(folder, step);
            } else {
                events.forgetFrom(step + 1);
            }
        } catch (IOException e) {
            throw cannotWrite(folder, e);
        }
    }

    /** Where the last whole row of this step or an earlier one ends; 0 without a header. */
    private long endOf(long step) throws IOException {
        byte[] all = Files.readAllBytes(file);
        int end = 0;
        for (int from = 0, to = 0; to < all.length; to++) {
            if (all[to] == '\n') {
                String row = new String(all, from, to + 1 - from, StandardCharsets.US_ASCII);
                boolean good = from == 0 ? row.equals(HEADER) : stepOf(row) <= step;
                if (!good) {
                    break;
                }
                from = to + 1;
                end = from;
            }
        }
        return end;
    }

    private static long stepOf(String row) {
        try {
            return Long.parseLong(row.substring(0, Math.max(0, row.indexOf(','))));
        } catch (NumberFormatException e) {
            return Long.MAX_VALUE;
        }
    }

    /**
     * Adds a step.
     *
     * @param validation the validation loss, if there was a validation
     * @param utilization which part of the peak of this machine was used, or NaN
     * @throws DataException if it cannot be written, as on a full disk
     */
    public void add(StepReport report, OptionalDouble validation, double utilization) {
        String row =
                String.format(
                        Locale.ROOT,
                        "%d,%d,%.3f,%s,%s,%s,%s,%.1f,%.4f,%d\n",
                        report.step(),
                        report.tokens(),
                        report.seconds(),
                        (float) report.loss(),
                        validation.isPresent() ? (float) validation.getAsDouble() : "",
                        (float) report.rate(),
                        (float) report.gradientNorm(),
                        report.tokensPerSecond(),
                        utilization,
                        report.skipped() == null ? 0 : 1);
        Map<String, Double> numbers = new LinkedHashMap<>();
        numbers.put("loss/train", report.loss());
        validation.ifPresent(loss -> numbers.put("loss/validation", loss));
        numbers.put("learning_rate", report.rate());
        numbers.put("gradient_norm", report.gradientNorm());
        numbers.put("speed/tokens_per_second", report.tokensPerSecond());
        numbers.put("speed/mfu", utilization);
        try {
            rows.write(row.getBytes(StandardCharsets.US_ASCII));
        } catch (IOException e) {
            throw cannotWrite(file, e);
        }
        EventFile shown = events;
        if (shown != null) {
            try {
                shown.add(report.step(), numbers);
            } catch (IOException e) {
                throw cannotWrite(shown.file(), e);
            }
        }
    }

    /** Waits until all is on the disk, as a checkpoint is about to say that it was done. */
    public void sync() {
        try {
            rows.getFD().sync();
            if (events != null) {
                events.sync();
            }
        } catch (IOException e) {
            throw cannotWrite(file, e);
        }
    }

    /** Draws the curve as it stands: {@code curve.svg}. */
    public void draw() {
        Path picture = folder.resolve(PICTURE);
        Path part = folder.resolve(PICTURE + ".part");
        LossCurve curve = LossCurve.of(read(folder));
        if (curve.isEmpty()) {
            return;
        }
        try {
            Files.writeString(part, curve.svg());
            Files.move(
                    part,
                    picture,
                    StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw cannotWrite(picture, e);
        }
    }

    private static DataException cannotWrite(Path file, IOException e) {
        return new DataException(file, "cannot be written: " + e.getMessage());
    }

    /**
     * Reads what a run has written.
     *
     * @throws DataException if it has written nothing
     */
    public static List<Point> read(Path folder) {
        Path file = folder.resolve(NAME);
        List<Point> points = new ArrayList<>();
        try {
            List<String> lines = Files.readAllLines(file, StandardCharsets.US_ASCII);
            for (String line : lines.subList(Math.min(1, lines.size()), lines.size())) {
                String[] columns = line.split(",", -1);
                // the last row of a run that is still going on may be half written
                if (columns.length == HEADER.split(",", -1).length) {
                    points.add(
                            new Point(
                                    Long.parseLong(columns[0]),
                                    Double.parseDouble(columns[3]),
                                    columns[4].isEmpty()
                                            ? Double.NaN
                                            : Double.parseDouble(columns[4])));
                }
            }
        } catch (NumberFormatException e) {
            throw new DataException(file, "is damaged: " + e.getMessage());
        } catch (IOException e) {
            throw new DataException(folder, "is not the folder of a run: it has no " + NAME);
        }
        return points;
    }

    @Override
    public void close() {
        try {
            rows.close();
            if (events != null) {
                events.close();
            }
        } catch (IOException e) {
            throw cannotWrite(file, e);
        }
    }
}

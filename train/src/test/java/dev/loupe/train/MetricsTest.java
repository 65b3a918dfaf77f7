package dev.loupe.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.stream.LongStream;
import java.util.stream.Stream;

class MetricsTest {
    @TempDir private Path folder;

    private static void add(Metrics metrics, long from, long to) {
        for (long step = from; step <= to; step++) {
            double loss = 4.0 / step;
            OptionalDouble validation =
                    step % 5 == 0 ? OptionalDouble.of(loss + 0.5) : OptionalDouble.empty();
            StepReport report =
                    new StepReport(step, step * 10, step / 2.0, loss, 1e-3, 0.25, 100, null);
            metrics.add(report, validation, 0.5);
        }
    }

    @Test
    void eachStepIsThereOnceHoweverOftenARunWasStopped() throws IOException {
        try (Metrics metrics = new Metrics(folder, 0)) {
            add(metrics, 1, 12);
        }
        Path file = folder.resolve("metrics.csv");
        // killed while it wrote
        Files.writeString(file, "13,130,6.", StandardOpenOption.APPEND);
        try (Metrics metrics = new Metrics(folder, 10)) {
            assertThat(Metrics.read(folder)).hasSize(10);
            add(metrics, 11, 14);
            metrics.goOnFrom(13);
            add(metrics, 14, 20);
        }
        assertThat(Metrics.read(folder).stream().mapToLong(Metrics.Point::step))
                .containsExactlyElementsOf(LongStream.rangeClosed(1, 20).boxed().toList());
        assertThat(Files.readAllLines(file).get(5))
                .isEqualTo("5,50,2.500,0.8,1.3,0.001,0.25,100.0,0.5000,0");
    }

    @Test
    void eventsAreRecordsThatTensorBoardReads() throws IOException {
        try (Metrics metrics = new Metrics(folder, 0)) {
            add(metrics, 1, 5);
        }
        List<byte[]> events = new ArrayList<>();
        try (Stream<Path> files = Files.list(folder)) {
            Path file =
                    files.filter(f -> f.getFileName().toString().startsWith("events.out.tfevents."))
                            .findFirst()
                            .orElseThrow();
            ByteBuffer bytes =
                    ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
            while (bytes.hasRemaining()) {
                byte[] event = new byte[(int) bytes.getLong()];
                bytes.getInt();
                bytes.get(event);
                bytes.getInt();
                events.add(event);
            }
        }
        assertThat(events).hasSize(7);
        // wall_time, then file_version
        assertThat(events.getFirst())
                .startsWith(0x09)
                .endsWith("brain.Event:2".getBytes(StandardCharsets.US_ASCII));
        // step 5, a summary whose first value is named and is the float 0.8
        byte[] last = events.getLast();
        assertThat(last[9]).isEqualTo((byte) 0x10);
        assertThat(last[10]).isEqualTo((byte) 5);
        assertThat(new String(last, StandardCharsets.ISO_8859_1))
                .contains("\n\nloss/train\u0015\u00cd\u00ccL?")
                .contains("loss/validation");
    }

    @Test
    void theSumOfALengthIsThatOfTheFormat() throws IOException {
        try (EventFile events = new EventFile(folder, 0)) {
            ByteBuffer bytes =
                    ByteBuffer.wrap(Files.readAllBytes(events.file()))
                            .order(ByteOrder.LITTLE_ENDIAN);
            // the first record of every file that TensorBoard's own writer begins
            assertThat(bytes.getLong(0)).isEqualTo(24);
            assertThat(bytes.getInt(8)).isEqualTo(0x224B_7FA3);
        }
    }

    @Test
    void theCurveIsDrawnAndSaysWhereItEnds() throws IOException {
        try (Metrics metrics = new Metrics(folder, 0)) {
            add(metrics, 1, 500);
            metrics.draw();
        }
        LossCurve curve = LossCurve.of(Metrics.read(folder));
        assertThat(curve.train()).hasSizeBetween(100, 240);
        assertThat(curve.validation()).hasSize(100);
        assertThat(Files.readString(folder.resolve("curve.svg")))
                .startsWith("<svg xmlns")
                .contains("prefers-color-scheme: dark", "validation 0.508", "</svg>")
                .doesNotContain("NaN");
        String text = curve.text(60, 8);
        assertThat(text.lines()).hasSize(11).allMatch(line -> line.length() <= 80);
        assertThat(text).contains("o validation loss, at last 0.508", "step 500");
    }

    @Test
    void aFolderWithoutARunSaysSo() {
        assertThatThrownBy(() -> Metrics.read(folder)).hasMessageContaining("no metrics.csv");
    }
}

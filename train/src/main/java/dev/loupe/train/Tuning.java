package dev.loupe.train;

import dev.loupe.files.AdapterFolder;
import dev.loupe.files.BaseModel;
import dev.loupe.files.Exporter;
import dev.loupe.files.LocalModel;
import dev.loupe.kernels.Processor;
import dev.loupe.kernels.TensorType;
import dev.loupe.model.Gpt;
import dev.loupe.model.GptLoader;
import dev.loupe.model.GptTensors;
import dev.loupe.model.Parameter;
import dev.loupe.model.Parameters;
import dev.loupe.tokens.ChatFormat;
import dev.loupe.tokens.Tokenizer;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * The fine-tuning of a model in a folder: with full weights the folder becomes a model of its own;
 * with adapters it holds these alone, and names the model that they belong to, whose weights are
 * frozen and keep their type.
 */
public final class Tuning implements Course {
    private final Path folder;
    private final TuneSettings settings;
    private final Tokenizer tokenizer;
    private final Set<Integer> end;
    private final Processor processor;
    private final Data data;
    private final Trainer trainer;
    private final Checkpoints checkpoints;
    private final Garbage garbage = new Garbage();

    /**
     * Loads the model and reads the data.
     *
     * @param given what follows from the data may be left open in it
     * @param begun whether the folder has a run already, whose base must be the same
     * @throws DataException if the data is too little, or cannot be read
     * @throws dev.loupe.files.ModelFileException if the model cannot be read, or has changed
     */
    public Tuning(Path folder, TuneSettings given, boolean begun, int threads, Watcher watcher) {
        this.folder = folder;
        Path base = Path.of(given.base());
        if (begun) {
            BaseModel.read(folder)
                    .orElseThrow(() -> new DataException(folder, "has lost its base.json"))
                    .check(folder);
        }
        if (AdapterFolder.present(base)) {
            throw new DataException(
                    base, "is an adapter; make a model of it first: loupe export " + base + " OUT");
        }
        LocalModel model = LocalModel.load(base, threads);
        processor = model.processor();
        try {
            end = model.endOfGeneration();
            tokenizer =
                    model.tokenizer()
                            .orElseThrow(() ->
                                    new DataException(
                                            base, "has no tokenizer, so it cannot read the data"));
            Corpus corpus =
                    Corpus.of(given.data().stream().map(Path::of).toList(), given.skipBad());
            boolean examples = ExampleFiles.are(corpus);
            TuneSettings fitting = given.within(context(given, model.gpt(), examples));
            data = examples ? lines(fitting, corpus, watcher) : text(fitting, corpus, watcher);
            settings = fitting.over(data.perEpoch());
            Gpt gpt = prepared(model.gpt(), settings);
            List<Parameter> parameters =
                    settings.lora() == null ? Parameters.of(gpt) : Parameters.ofAdapters(gpt);
            trainer =
                    new Trainer(
                            gpt, parameters, settings.recipe(), data.material(settings), processor);
            checkpoints = new Checkpoints(folder.resolve("checkpoints"), false);
        } catch (RuntimeException | Error e) {
            processor.close();
            throw e;
        }
    }

    private static int context(TuneSettings settings, Gpt gpt, boolean examples) {
        int most = gpt.config().nCtx();
        if (settings.context() == 0) {
            // text fills its windows, and few examples are as long as this
            return Math.min(most, examples ? 1024 : 512);
        }
        if (settings.context() > most) {
            throw new DataException(
                    "context: found %d, and the model was made for %d tokens"
                            .formatted(settings.context(), most));
        }
        return settings.context();
    }

    private Gpt prepared(Gpt gpt, TuneSettings settings) {
        if (settings.lora() != null) {
            return NewAdapters.added(gpt, settings.lora(), settings.recipe().seed());
        }
        // all become 32-bit floats: others cannot move by small steps
        return GptLoader.load(
                gpt.config(), new GptTensors(gpt, AdapterFolder.joined(gpt)), processor.threads());
    }

    /** What is trained on, before it is known how. */
    private sealed interface Data extends AutoCloseable permits Text, Lines {
        long perEpoch();

        Material material(TuneSettings settings);

        @Override
        default void close() {}
    }

    private record Text(TokenFile tokens, long trained, int context) implements Data {
        @Override
        public long perEpoch() {
            return windows(0).perEpoch();
        }

        private Windows windows(long seed) {
            return new Windows(0, trained, context, seed);
        }

        @Override
        public TextWindows material(TuneSettings settings) {
            return new TextWindows(tokens, windows(settings.recipe().seed()), settings.recipe());
        }

        @Override
        public void close() {
            tokens.close();
        }
    }

    private record Lines(List<Example> trained, List<Example> held, long skipped) implements Data {
        @Override
        public long perEpoch() {
            return trained.size();
        }

        @Override
        public Examples material(TuneSettings settings) {
            return new Examples(trained, held, settings.recipe(), settings.together());
        }
    }

    private Text text(TuneSettings given, Corpus corpus, Watcher watcher) {
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw new DataException(folder, "cannot be made: " + e.getMessage());
        }
        long total = corpus.bytes();
        TokenFile tokens =
                TokenFile.prepare(
                        folder.resolve("tokens.bin"),
                        corpus,
                        tokenizer,
                        tokenizer.eos(),
                        corpus.key(given.base().getBytes(StandardCharsets.UTF_8)),
                        bytes -> watcher.at("tokens", bytes, total));
        long trained = Math.round(tokens.size() * (1 - given.validation()));
        return new Text(tokens, trained, given.context());
    }

    private Lines lines(TuneSettings given, Corpus corpus, Watcher watcher) {
        ExampleFiles files = new ExampleFiles(tokenizer, given.context(), given.skipBad());
        List<Example> all = files.read(corpus, watcher);
        List<Example> trained = new ArrayList<>();
        List<Example> held = new ArrayList<>();
        for (int i = 0; i < all.size(); i++) {
            // spread evenly: data is often sorted
            boolean back =
                    Math.floor((i + 1) * given.validation()) > Math.floor(i * given.validation());
            (back ? held : trained).add(all.get(i));
        }
        if (trained.isEmpty()) {
            throw new DataException(
                    corpus.files().getFirst(),
                    "has no example to train on%s; at least one line is needed"
                            .formatted(
                                    files.skipped() > 0
                                            ? " (" + files.skipped() + " were passed over)"
                                            : ""));
        }
        return new Lines(trained, held, files.skipped());
    }

    /** Begins the run: writes down what it is, and what it is made of. */
    public void begin() {
        settings.write(folder);
        BaseModel.of(Path.of(settings.base())).write(folder);
        // a model that cannot be written should say so before it is trained
        saveModel();
    }

    @Override
    public TuneSettings settings() {
        return settings;
    }

    @Override
    public Trainer trainer() {
        return trainer;
    }

    @Override
    public Checkpoints checkpoints() {
        return checkpoints;
    }

    @Override
    public Tokenizer tokenizer() {
        return tokenizer;
    }

    @Override
    public Set<Integer> endOfGeneration() {
        return end;
    }

    /** What computes. */
    public Processor processor() {
        return processor;
    }

    /** How many lines were passed over. */
    public long skipped() {
        return data instanceof Lines lines ? lines.skipped() : 0;
    }

    @Override
    public String parameters() {
        LoraSettings lora = settings.lora();
        return lora == null
                ? "parameters"
                : "parameters in adapters of rank %d over %s"
                        .formatted(lora.rank(), Path.of(settings.base()).getFileName());
    }

    @Override
    public String data() {
        return switch (data) {
            case Text text ->
                    text.material(settings)
                            .data(text.tokens.size(), text.trained, settings.recipe());
            case Lines lines -> lines.material(settings).data();
        };
    }

    @Override
    public long tokensOfStep() {
        return switch (data) {
            case Text text -> text.material(settings).tokensOfStep();
            case Lines lines -> lines.material(settings).tokensOfStep();
        };
    }

    @Override
    public int[] samplePrompt() {
        String prompt = settings.samplePrompt();
        return switch (data) {
            case Text _ -> plain(prompt == null ? "\n" : prompt);
            case Lines lines ->
                    prompt == null
                            ? lines.material(settings).samplePrompt()
                            : ChatFormat.of(tokenizer).prompt(tokenizer, asked(prompt));
        };
    }

    private static List<ChatFormat.Message> asked(String text) {
        return List.of(new ChatFormat.Message(ChatFormat.Role.USER, text));
    }

    private int[] plain(String text) {
        int[] ids = tokenizer.encode(text);
        return ids.length > 0 ? ids : new int[] {tokenizer.bos().orElse(0)};
    }

    @Override
    public boolean validates() {
        return switch (data) {
            case Text text -> text.tokens.size() - text.trained > 1;
            case Lines lines -> !lines.held.isEmpty();
        };
    }

    @Override
    public double validate() {
        return trainer.validate(held());
    }

    /** What is not trained on, or a part of it that is always the same. */
    List<Lesson> held() {
        int most = settings.evaluateMost();
        return switch (data) {
            case Text text -> {
                long held = text.tokens.size() - text.trained;
                yield text.material(settings).held(text.trained, held, most);
            }
            case Lines lines -> lines.material(settings).held(most);
        };
    }

    @Override
    public void saveModel() {
        Path base = Path.of(settings.base());
        @Nullable LoraSettings lora = settings.lora();
        if (lora == null) {
            Exporter.toFolder(
                    base,
                    trainer.gpt(),
                    folder,
                    TensorType.F32,
                    1,
                    (index, count, tensor) -> garbage.collectIfMuch());
        } else {
            AdapterFolder.write(folder, trainer.gpt(), base, lora.alpha(), lora.dropout());
        }
    }

    @Override
    public void tidy() {
        garbage.collectIfMuch();
    }

    @Override
    public void close() {
        data.close();
        processor.close();
    }
}

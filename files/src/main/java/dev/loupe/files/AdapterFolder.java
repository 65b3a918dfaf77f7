package dev.loupe.files;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.loupe.kernels.NonFiniteException;
import dev.loupe.kernels.Packing;
import dev.loupe.kernels.StoredRows;
import dev.loupe.kernels.TensorType;
import dev.loupe.kernels.Threads;
import dev.loupe.kernels.Weight;
import dev.loupe.model.Adapters;
import dev.loupe.model.Gpt;
import dev.loupe.model.GptConfig;
import dev.loupe.model.Lora;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.IntUnaryOperator;

/**
 * An adapter in a folder as PEFT has it: {@code adapter_config.json}, {@code
 * adapter_model.safetensors}, and nothing of the model that it belongs to. Queries, keys and values
 * that are one matrix there (GPT-2, GPT-NeoX) have one adapter.
 */
public final class AdapterFolder {
    private static final String CONFIG = "adapter_config.json";
    private static final String WEIGHTS = "adapter_model.safetensors";
    private static final String PREFIX = "base_model.model.";

    private AdapterFolder() {}

    /** Whether a folder is an adapter, and no model by itself. */
    public static boolean present(Path folder) {
        return Files.isRegularFile(folder.resolve(CONFIG))
                && Files.notExists(folder.resolve("config.json"));
    }

    /** The files of an adapter. */
    public static List<String> files() {
        return List.of(CONFIG, WEIGHTS);
    }

    /**
     * The model that an adapter belongs to.
     *
     * @throws ModelFileException if it is not there, or another than it was
     */
    public static Path base(Path folder) {
        Path base =
                BaseModel.read(folder)
                        .map(known -> known.check(folder))
                        .orElseGet(() -> named(folder));
        if (present(base)) {
            throw new ModelFileException(
                    folder,
                    "belongs to "
                            + base
                            + ", which is an adapter itself; make a model of that: loupe export");
        }
        return base;
    }

    /** What PEFT wrote: a path, or a name on the hub. */
    private static Path named(Path folder) {
        JsonFields json = JsonFields.read(folder.resolve(CONFIG));
        String name =
                json.string("base_model_name_or_path")
                        .orElseThrow(() -> json.unsupported("base_model_name_or_path", "a path"));
        try {
            if (Files.exists(Path.of(name))) {
                return Path.of(name);
            }
        } catch (InvalidPathException e) {
            throw json.unsupported("base_model_name_or_path", "a path");
        }
        throw new ModelFileException(
                folder.resolve(CONFIG),
                "base_model_name_or_path",
                name,
                "the path of a model that is here: write that of its file or folder");
    }

    /** Where a model takes adapters, as the files of its family divide it. */
    public static List<Adapters.Place> places(Gpt gpt) {
        return Adapters.places(gpt, joined(gpt));
    }

    /** The adapters of a model, by the names of their places. */
    public static Map<String, Lora> adapters(Gpt gpt) {
        return Adapters.of(gpt, joined(gpt));
    }

    /** Whether the files of a model's family have queries, keys and values in one tensor. */
    public static boolean joined(Gpt gpt) {
        return family(gpt.config()).names().containsKey("blk.N.attn_qkv");
    }

    static Family family(GptConfig config) {
        String name = config.family();
        return Family.ofModelType(name)
                .or(() -> Family.ofArchitecture(name))
                .orElseThrow(() ->
                        new IllegalArgumentException(
                                "family: found " + name + ", expected " + Family.known()));
    }

    /** Loads the base with the adapter added to it. */
    static LocalModel load(Path folder, int threads, LocalModel.Watcher watcher) {
        Reading reading = new Reading(folder);
        LocalModel base = LocalModel.load(base(folder), threads, watcher);
        try {
            Gpt gpt = reading.added(base.gpt(), base.processor().threads());
            return new LocalModel(
                    folder, gpt, base.tokenizer(), base.endOfGeneration(), base.processor());
        } catch (RuntimeException e) {
            base.close();
            throw e;
        }
    }

    /** PEFT's settings; what would compute otherwise is refused. */
    private static final class Reading {
        private final Path folder;
        private final float scale;

        Reading(Path folder) {
            this.folder = folder;
            JsonFields json = JsonFields.read(folder.resolve(CONFIG));
            if (!json.string("peft_type").orElse("").equals("LORA")) {
                throw json.unsupported("peft_type", "LORA");
            }
            if (!json.string("bias").orElse("none").equals("none")) {
                throw json.unsupported("bias", "none");
            }
            for (String other : List.of("use_dora", "use_qalora", "use_bdlora")) {
                json.absent(other);
            }
            for (String list : List.of("rank_pattern", "alpha_pattern")) {
                if (json.object(list).map(JsonFields::hasAny).orElse(false)) {
                    throw json.unsupported(list, "one rank for all");
                }
            }
            double rank = json.integer("r");
            double alpha = json.number("lora_alpha", rank);
            double divisor = json.flag("use_rslora", false) ? Math.sqrt(rank) : rank;
            scale = (float) (alpha / divisor);
        }

        Gpt added(Gpt base, Threads threads) {
            Path path = folder.resolve(WEIGHTS);
            Names names = new Names(base.config());
            Map<String, Lora> adapters = new LinkedHashMap<>();
            try (Safetensors file = Safetensors.open(path)) {
                Set<String> left = new LinkedHashSet<>(file.names());
                for (Adapters.Place place : places(base)) {
                    String name = names.of(place);
                    if (!left.remove(name + ".lora_A.weight")) {
                        continue;
                    }
                    if (!left.remove(name + ".lora_B.weight")) {
                        throw new ModelFileException(path, "has no " + name + ".lora_B.weight");
                    }
                    StoredRows a = file.tensor(name + ".lora_A.weight");
                    StoredRows b = file.tensor(name + ".lora_B.weight");
                    check(path, a, a.rows(), place.inputs());
                    check(path, b, place.outputs(), a.rows());
                    Weight up = pack(threads, new Rearranged(b, names.rows(place)));
                    adapters.put(
                            place.name(), new Lora(pack(threads, a), up, scale, place.first()));
                }
                if (!left.isEmpty()) {
                    throw new ModelFileException(
                            path,
                            "tensor '" + GgufCursor.shortened(left.iterator().next()) + "'",
                            "it",
                            "adapters of the base's linear maps alone");
                }
            }
            return Adapters.with(base, adapters);
        }

        private static void check(Path path, StoredRows tensor, int rows, int cols) {
            if (tensor.rows() != rows || tensor.cols() != cols) {
                throw new ModelFileException(
                        path,
                        "tensor '" + tensor.name() + "'",
                        "[" + tensor.rows() + ", " + tensor.cols() + "]",
                        "[" + rows + ", " + cols + "]: is it the adapter of another model?");
            }
        }

        private Weight pack(Threads threads, StoredRows rows) {
            try {
                return Packing.pack(threads, List.of(rows));
            } catch (NonFiniteException e) {
                throw new ModelFileException(folder, String.valueOf(e.getMessage()));
            }
        }
    }

    /** What PEFT calls places, and how the outputs of some lie in files. */
    private static final class Names {
        private final GptConfig config;
        private final FolderNames folder;

        Names(GptConfig config) {
            this.config = config;
            folder = new FolderNames(family(config));
        }

        private Family.Name name(Adapters.Place place) {
            return folder.of(place.name() + ".weight").orElseThrow();
        }

        /** The module's name behind {@link #PREFIX}. */
        String of(Adapters.Place place) {
            String name = name(place).name();
            return PREFIX + name.substring(0, name.length() - ".weight".length());
        }

        /** What is enough to find it in all blocks, and only there. */
        String target(Adapters.Place place) {
            String name = of(place);
            int dot = name.lastIndexOf('.', name.lastIndexOf('.') - 1);
            return name.substring(dot + 1);
        }

        /** Where the file has each output. */
        IntUnaryOperator rows(Adapters.Place place) {
            return name(place).layout() == Family.Layout.BY_HEAD
                    ? HfTensors.byHead(config.attention())
                    : IntUnaryOperator.identity();
        }

        /** Which output the file has at each row. */
        IntUnaryOperator rowsOfFile(Adapters.Place place) {
            return name(place).layout() == Family.Layout.BY_HEAD
                    ? HfTensors.splitByHead(config.attention())
                    : IntUnaryOperator.identity();
        }

        /** Whether PEFT has to be told that matrices are {@code [in, out]}. */
        boolean turned(Adapters.Place place) {
            return name(place).layout() == Family.Layout.TRANSPOSED;
        }
    }

    /**
     * Writes the adapters of a model.
     *
     * @param folder made if it is not there; the two files are replaced, others stay
     * @param base the path of the model, for PEFT
     * @param alpha what PEFT divides by the rank to have the scale
     * @throws ModelFileException if they cannot be written
     */
    public static void write(Path folder, Gpt gpt, Path base, double alpha, double dropout) {
        Names names = new Names(gpt.config());
        Map<String, Lora> adapters = adapters(gpt);
        SafetensorsWriter weights = new SafetensorsWriter();
        Set<String> targets = new LinkedHashSet<>();
        boolean turned = false;
        int rank = 0;
        for (Adapters.Place place : places(gpt)) {
            Lora lora = adapters.get(place.name());
            if (lora == null) {
                continue;
            }
            rank = lora.a().rows();
            targets.add(names.target(place));
            turned |= names.turned(place);
            String name = names.of(place);
            weights.tensor(tensor(name + ".lora_A.weight", lora.a(), r -> r));
            weights.tensor(tensor(name + ".lora_B.weight", lora.b(), names.rowsOfFile(place)));
        }
        ObjectNode json = config(base, rank, alpha, dropout, turned, new ArrayList<>(targets));
        NewFolder.write(
                folder,
                part -> {
                    Converter.write(part.resolve(CONFIG), json);
                    weights.write(part.resolve(WEIGHTS));
                });
    }

    private static ObjectNode config(
            Path base, int rank, double alpha, double dropout, boolean turned, List<String> to) {
        ObjectNode json = new ObjectMapper().createObjectNode();
        json.put("peft_type", "LORA")
                .put("task_type", "CAUSAL_LM")
                .put("base_model_name_or_path", base.toString())
                .put("r", rank)
                .put("lora_alpha", alpha)
                .put("lora_dropout", dropout)
                .put("bias", "none")
                .put("fan_in_fan_out", turned)
                .put("inference_mode", true);
        ArrayNode targets = json.putArray("target_modules");
        to.forEach(targets::add);
        return json;
    }

    private static NewTensor tensor(String name, Weight weight, IntUnaryOperator order) {
        return new NewTensor(
                name,
                TensorType.F32,
                List.of((long) weight.rows(), (long) weight.cols()),
                out -> {
                    float[] row = new float[weight.cols()];
                    ByteBuffer bytes =
                            ByteBuffer.allocate(Float.BYTES * row.length)
                                    .order(ByteOrder.LITTLE_ENDIAN);
                    for (int r = 0; r < weight.rows(); r++) {
                        weight.row(order.applyAsInt(r), row, 0);
                        bytes.clear().asFloatBuffer().put(row);
                        NewFile.writeFully(out, bytes);
                    }
                });
    }
}

package dev.loupe.files;

import dev.loupe.kernels.Activation;
import dev.loupe.kernels.Normalization;
import dev.loupe.model.GptConfig;
import dev.loupe.model.Rope;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/**
 * Reads the {@code config.json} of a Hugging Face folder. What the file leaves out is what the
 * family's configuration class in transformers has by default. Both spellings of rotary positions
 * are read: {@code rope_parameters} of transformers 5, {@code rope_theta} and {@code rope_scaling}
 * before it.
 */
final class HfConfig {
    private final JsonFields json;
    private final String modelType;

    private HfConfig(JsonFields json, String modelType) {
        this.json = json;
        this.modelType = modelType;
    }

    static Family family(JsonFields json) {
        return json.string("model_type")
                .flatMap(Family::ofModelType)
                .orElseThrow(() -> json.unsupported("model_type", Family.known()));
    }

    static GptConfig read(JsonFields json) {
        HfConfig config = new HfConfig(json, json.string("model_type").orElse(""));
        json.absent("quantization_config");
        try {
            return switch (family(json)) {
                case GPT2 -> config.gpt2();
                case GPT_NEOX -> config.gptNeox();
                case LLAMA -> config.llama();
                case QWEN2 -> config.qwen2();
                case QWEN3 -> config.qwen3();
                case GEMMA3 -> config.gemma3();
            };
        } catch (IllegalArgumentException | ArithmeticException e) {
            throw new ModelFileException(json.file(), String.valueOf(e.getMessage()));
        }
    }

    private GptConfig gpt2() {
        int nEmbd = json.integer("n_embd", 768);
        int nHead = json.integer("n_head", 12);
        json.absent("scale_attn_by_inverse_layer_idx");
        json.absent("add_cross_attention");
        int headDim = divided("n_embd", nEmbd, nHead);
        float scale = json.flag("scale_attn_weights", true) ? root(headDim) : 1f;
        return new GptConfig(
                modelType,
                json.integer("n_positions", json.integer("n_ctx", 1024)),
                json.integer("vocab_size", 50257),
                nEmbd,
                new GptConfig.Embedding(1f, true, json.flag("tie_word_embeddings", true)),
                layerNorm("layer_norm_epsilon"),
                false,
                new GptConfig.Heads(nHead, nHead, headDim, scale, true, true, false),
                new GptConfig.Mlps(
                        json.integer("n_inner", Math.multiplyExact(4, nEmbd)),
                        activation("activation_function", "gelu_new"),
                        false,
                        true),
                same(json.integer("n_layer", 12), new GptConfig.Layer(0, null)));
    }

    private GptConfig gptNeox() {
        int nEmbd = json.integer("hidden_size");
        int nHead = json.integer("num_attention_heads");
        int headDim = divided("hidden_size", nEmbd, nHead);
        boolean bias = json.flag("attention_bias", true);
        Rope rope = rope(headDim, "rotary_pct", 0.25, "rotary_emb_base", 10_000);
        return new GptConfig(
                modelType,
                json.integer("max_position_embeddings", 2048),
                json.integer("vocab_size", 50432),
                nEmbd,
                new GptConfig.Embedding(1f, false, json.flag("tie_word_embeddings", false)),
                layerNorm("layer_norm_eps"),
                json.flag("use_parallel_residual", true),
                new GptConfig.Heads(nHead, nHead, headDim, root(headDim), bias, bias, false),
                new GptConfig.Mlps(
                        json.integer("intermediate_size"),
                        activation("hidden_act", "gelu"),
                        false,
                        true),
                same(json.integer("num_hidden_layers"), new GptConfig.Layer(0, rope)));
    }

    private GptConfig llama() {
        boolean mistral = modelType.equals("mistral");
        int nHead = json.integer("num_attention_heads");
        boolean bias = !mistral && json.flag("attention_bias", false);
        int headDim = headDim(nHead);
        int window = mistral ? window(4096) : 0;
        int nKvHead = json.integer("num_key_value_heads", mistral ? 8 : nHead);
        int context = mistral ? 131_072 : 2048;
        return rmsNormed(
                new GptConfig.Heads(nHead, nKvHead, headDim, root(headDim), bias, bias, false),
                gatedMlp(!mistral && json.flag("mlp_bias", false)),
                same(
                        json.integer("num_hidden_layers"),
                        new GptConfig.Layer(window, rope(headDim, 10_000))),
                context);
    }

    private GptConfig qwen2() {
        int nHead = json.integer("num_attention_heads");
        int nKvHead = json.integer("num_key_value_heads", 32);
        int headDim = headDim(nHead);
        return rmsNormed(
                new GptConfig.Heads(nHead, nKvHead, headDim, root(headDim), true, false, false),
                gatedMlp(false),
                qwenLayers(headDim),
                32_768);
    }

    private GptConfig qwen3() {
        int nHead = json.integer("num_attention_heads");
        int nKvHead = json.integer("num_key_value_heads", 32);
        int headDim = json.integer("head_dim", 128);
        boolean bias = json.flag("attention_bias", false);
        return rmsNormed(
                new GptConfig.Heads(nHead, nKvHead, headDim, root(headDim), bias, bias, true),
                gatedMlp(false),
                qwenLayers(headDim),
                32_768);
    }

    private List<GptConfig.Layer> qwenLayers(int headDim) {
        int nLayer = layers(json.integer("num_hidden_layers"));
        boolean windows = json.flag("use_sliding_window", false);
        int window = windows ? window(4096) : 0;
        int first = json.integer("max_window_layers", 28);
        Rope rope = rope(headDim, 10_000);
        Optional<List<String>> types = layerTypes(nLayer);
        List<GptConfig.Layer> layers = new ArrayList<>();
        for (int i = 0; i < nLayer; i++) {
            boolean sliding = windows && (types.isPresent() ? sliding(types.get(), i) : i >= first);
            layers.add(new GptConfig.Layer(sliding ? window : 0, rope));
        }
        return layers;
    }

    private GptConfig gemma3() {
        json.absent("attn_logit_softcapping");
        json.absent("final_logit_softcapping");
        json.absent("use_bidirectional_attention");
        int nHead = json.integer("num_attention_heads", 8);
        int nEmbd = json.integer("hidden_size");
        int headDim = json.integer("head_dim", 256);
        boolean bias = json.flag("attention_bias", false);
        double scalar = json.number("query_pre_attn_scalar", 256);
        GptConfig.Norms norms =
                new GptConfig.Norms(
                        Normalization.Kind.RMS, epsilon("rms_norm_eps", 1e-6), false, true);
        return new GptConfig(
                modelType,
                json.integer("max_position_embeddings", 131_072),
                json.integer("vocab_size", 262_208),
                nEmbd,
                new GptConfig.Embedding(
                        (float) Math.sqrt(nEmbd), false, json.flag("tie_word_embeddings", true)),
                norms,
                false,
                new GptConfig.Heads(
                        nHead,
                        json.integer("num_key_value_heads", 4),
                        headDim,
                        (float) Math.pow(scalar, -0.5),
                        bias,
                        bias,
                        true),
                new GptConfig.Mlps(
                        json.integer("intermediate_size"),
                        activation("hidden_activation", "gelu_pytorch_tanh"),
                        true,
                        false),
                gemmaLayers(headDim));
    }

    private List<GptConfig.Layer> gemmaLayers(int headDim) {
        int nLayer = layers(json.integer("num_hidden_layers"));
        int pattern =
                json.integer("sliding_window_pattern", json.integer("_sliding_window_pattern", 6));
        GptConfig.within("sliding_window_pattern", pattern, 1, Integer.MAX_VALUE);
        int window = json.integer("sliding_window", 4096);
        Optional<JsonFields> parameters = json.object("rope_parameters");
        Rope global =
                parameters
                        .flatMap(p -> p.object("full_attention"))
                        .map(p -> rope(p, headDim, 1_000_000))
                        .orElseGet(() -> rope(headDim, 1_000_000));
        Rope local =
                parameters
                        .flatMap(p -> p.object("sliding_attention"))
                        .map(p -> rope(p, headDim, 10_000))
                        .orElseGet(() ->
                                new Rope(
                                        json.number("rope_local_base_freq", 10_000),
                                        headDim,
                                        new Rope.Plain()));
        Optional<List<String>> types = layerTypes(nLayer);
        List<GptConfig.Layer> layers = new ArrayList<>();
        for (int i = 0; i < nLayer; i++) {
            boolean sliding = types.isPresent() ? sliding(types.get(), i) : (i + 1) % pattern != 0;
            layers.add(new GptConfig.Layer(sliding ? window : 0, sliding ? local : global));
        }
        return layers;
    }

    /** What Llama, Mistral and Qwen share. */
    private GptConfig rmsNormed(
            GptConfig.Heads heads, GptConfig.Mlps mlp, List<GptConfig.Layer> layers, int context) {
        return new GptConfig(
                modelType,
                json.integer("max_position_embeddings", context),
                json.integer("vocab_size"),
                json.integer("hidden_size"),
                new GptConfig.Embedding(1f, false, json.flag("tie_word_embeddings", false)),
                new GptConfig.Norms(
                        Normalization.Kind.RMS, epsilon("rms_norm_eps", 1e-6), false, false),
                false,
                heads,
                mlp,
                layers);
    }

    private GptConfig.Mlps gatedMlp(boolean bias) {
        return new GptConfig.Mlps(
                json.integer("intermediate_size"), activation("hidden_act", "silu"), true, bias);
    }

    private GptConfig.Norms layerNorm(String field) {
        return new GptConfig.Norms(Normalization.Kind.LAYER, epsilon(field, 1e-5), true, false);
    }

    private float epsilon(String field, double otherwise) {
        return (float) json.number(field, otherwise);
    }

    private int headDim(int nHead) {
        return json.has("head_dim")
                ? json.integer("head_dim")
                : divided("hidden_size", json.integer("hidden_size"), nHead);
    }

    private int divided(String field, int width, int nHead) {
        GptConfig.within("heads", nHead, 1, width);
        if (width % nHead != 0) {
            throw new ModelFileException(
                    json.file(), field, width, "a multiple of the " + nHead + " heads");
        }
        return width / nHead;
    }

    private int window(int otherwise) {
        // an explicit null means no window; a missing field means the family's default
        return json.hasName("sliding_window") ? json.integer("sliding_window", 0) : otherwise;
    }

    private Optional<List<String>> layerTypes(int nLayer) {
        Optional<List<String>> types = json.strings("layer_types");
        types.ifPresent(list -> {
            if (list.size() != nLayer) {
                throw json.unsupported("layer_types", "one entry for each layer");
            }
        });
        return types;
    }

    private boolean sliding(List<String> types, int layer) {
        return switch (types.get(layer)) {
            case "sliding_attention" -> true;
            case "full_attention" -> false;
            default -> throw json.unsupported("layer_types", "sliding_attention or full_attention");
        };
    }

    private Activation activation(String field, String otherwise) {
        return switch (json.string(field).orElse(otherwise)) {
            case "silu", "swish" -> Activation.SILU;
            case "gelu" -> Activation.GELU;
            case "gelu_new", "gelu_fast", "gelu_pytorch_tanh" -> Activation.GELU_TANH;
            default -> throw json.unsupported(field, "silu, gelu or gelu_new");
        };
    }

    private Rope rope(int headDim, double theta) {
        return rope(headDim, "partial_rotary_factor", 1.0, "rope_theta", theta);
    }

    private Rope rope(
            int headDim, String shareField, double share, String thetaField, double theta) {
        double legacyShare = json.number(shareField, share);
        double legacyTheta = json.number(thetaField, theta);
        Optional<JsonFields> parameters = json.object("rope_parameters");
        if (parameters.isPresent()) {
            double part = parameters.get().number("partial_rotary_factor", legacyShare);
            return rope(parameters.get(), turned(headDim, part), legacyTheta);
        }
        int dims = turned(headDim, legacyShare);
        return json.object("rope_scaling")
                .map(scaling -> rope(scaling, dims, legacyTheta))
                .orElseGet(() -> new Rope(legacyTheta, dims, new Rope.Plain()));
    }

    private static int turned(int headDim, double share) {
        return (int) (headDim * share);
    }

    private static Rope rope(JsonFields parameters, int dims, double otherwise) {
        double theta = parameters.number("rope_theta", otherwise);
        String type =
                parameters
                        .string("rope_type")
                        .or(() -> parameters.string("type"))
                        .orElse("default");
        Rope.Scaling scaling =
                switch (type) {
                    case "default" -> new Rope.Plain();
                    case "linear" -> new Rope.Linear(parameters.number("factor", 1));
                    case "llama3" ->
                            new Rope.Llama3(
                                    parameters.number("factor", 1),
                                    parameters.number("low_freq_factor", 1),
                                    parameters.number("high_freq_factor", 4),
                                    parameters.number("original_max_position_embeddings", 8192));
                    default ->
                            throw parameters.unsupported("rope_type", "default, linear or llama3");
                };
        return new Rope(theta, dims, scaling);
    }

    private static List<GptConfig.Layer> same(int nLayer, GptConfig.Layer layer) {
        return Collections.nCopies(layers(nLayer), layer);
    }

    private static int layers(int nLayer) {
        return GptConfig.within("layers", nLayer, 1, GptConfig.MOST_LAYERS);
    }

    private static float root(int headDim) {
        return (float) (1 / Math.sqrt(headDim));
    }
}

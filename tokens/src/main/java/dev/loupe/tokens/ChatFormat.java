package dev.loupe.tokens;

import java.util.List;

/**
 * How a conversation is written in tokens, for models that were taught one of the well-known ways.
 * The control tokens of a vocabulary tell which; no template of a file is executed. What people
 * wrote is encoded as text, so nothing in it becomes a control token.
 *
 * <p>Each message is encoded by itself, as a model that answers has read it: what it writes never
 * shares a token with what stood before.
 */
public enum ChatFormat {
    /** {@code <|im_start|>user\nTEXT<|im_end|>\n}: SmolLM, Qwen and many others. */
    CHATML("<|im_start|>", "<|im_end|>") {
        @Override
        void write(DialogueWriter to, Message message, Message before) {
            to.control("<|im_start|>").text(message.role().label() + "\n");
            to.said(message, message.text(), "<|im_end|>").text("\n");
        }

        @Override
        void begin(DialogueWriter to) {
            to.control("<|im_start|>").text("assistant\n");
        }
    },

    /** {@code <|start_header_id|>user<|end_header_id|>\n\nTEXT<|eot_id|>}: Llama 3. */
    LLAMA3("<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>") {
        @Override
        void write(DialogueWriter to, Message message, Message before) {
            header(to, message.role().label());
            to.said(message, message.text().strip(), "<|eot_id|>");
        }

        @Override
        void begin(DialogueWriter to) {
            header(to, "assistant");
        }

        private void header(DialogueWriter to, String role) {
            to.control("<|start_header_id|>").text(role).control("<|end_header_id|>").text("\n\n");
        }
    },

    /** {@code <start_of_turn>user\nTEXT<end_of_turn>\n}; a system's words open the user's. */
    GEMMA("<start_of_turn>", "<end_of_turn>") {
        @Override
        void write(DialogueWriter to, Message message, Message before) {
            if (message.role() != Role.SYSTEM) {
                boolean model = message.role() == Role.ASSISTANT;
                to.control("<start_of_turn>").text(model ? "model\n" : "user\n");
                to.said(message, introduced(message, before).strip(), "<end_of_turn>").text("\n");
            }
        }

        @Override
        void begin(DialogueWriter to) {
            to.control("<start_of_turn>").text("model\n");
        }
    },

    /** {@code [INST]TEXT[/INST]}, where these are control tokens; a system's words open it. */
    MISTRAL("[INST]", "[/INST]") {
        @Override
        void write(DialogueWriter to, Message message, Message before) {
            switch (message.role()) {
                case SYSTEM -> {}
                case USER ->
                        to.control("[INST]").text(introduced(message, before)).control("[/INST]");
                case ASSISTANT -> to.said(message, message.text());
            }
        }

        @Override
        void begin(DialogueWriter to) {}
    },

    /**
     * For models without any of those: {@code User:\nTEXT\n\nAssistant:\nTEXT}, the token that ends
     * a text, and an empty line.
     */
    PLAIN {
        @Override
        void write(DialogueWriter to, Message message, Message before) {
            String label = message.role().label();
            to.text(Character.toUpperCase(label.charAt(0)) + label.substring(1) + ":\n");
            to.said(message, message.text()).text("\n\n");
        }

        @Override
        void begin(DialogueWriter to) {
            to.text("Assistant:\n");
        }
    };

    /** Who speaks. */
    public enum Role {
        SYSTEM("system"),
        USER("user"),
        ASSISTANT("assistant");

        private final String label;

        Role(String label) {
            this.label = label;
        }

        /** As it is written: {@code user}. */
        public String label() {
            return label;
        }
    }

    /** What somebody said. */
    public record Message(Role role, String text) {}

    private static final Message NOTHING = new Message(Role.SYSTEM, "");

    @SuppressWarnings("ImmutableEnumChecker") // a list that cannot change
    private final List<String> controls;

    ChatFormat(String... controls) {
        this.controls = List.of(controls);
    }

    /** Writes a message. */
    abstract void write(DialogueWriter to, Message message, Message before);

    /** Writes what stands before an answer. */
    abstract void begin(DialogueWriter to);

    /** The format of a model with this vocabulary. */
    public static ChatFormat of(Tokenizer tokenizer) {
        for (ChatFormat format : values()) {
            boolean known =
                    format.controls.stream()
                            .map(tokenizer::idOf)
                            .allMatch(id -> id.isPresent() && tokenizer.control(id.getAsInt()));
            if (known) {
                return format;
            }
        }
        return PLAIN;
    }

    /** A conversation; the answers are what assistants say, and that they end. */
    public Dialogue encode(Tokenizer tokenizer, List<Message> messages) {
        return written(tokenizer, messages).dialogue();
    }

    /** A conversation up to where the assistant speaks next. */
    public int[] prompt(Tokenizer tokenizer, List<Message> messages) {
        DialogueWriter to = written(tokenizer, messages);
        begin(to);
        return to.dialogue().ids();
    }

    private DialogueWriter written(Tokenizer tokenizer, List<Message> messages) {
        DialogueWriter to = new DialogueWriter(tokenizer);
        if (tokenizer.addsBos()) {
            to.begin();
        }
        Message before = NOTHING;
        for (Message message : messages) {
            write(to, message, before);
            before = message;
        }
        return to;
    }

    /** Where a format has no place for a system, its words stand before those of the user. */
    private static String introduced(Message message, Message before) {
        boolean system = before.role() == Role.SYSTEM && message.role() == Role.USER;
        return system && !before.text().isEmpty()
                ? before.text().strip() + "\n\n" + message.text()
                : message.text();
    }
}

//! Tools and the schemas of their arguments.
//!
//! Generated from `schema/tools.wire` by `cargo xtask codegen`; change that file.

use super::proto::Int64;
#[allow(unused_imports, reason = "each module uses some of them")]
use super::{
    macros::{events, frames, from_branch, object, open_enum, setters, union},
    scan::Key,
    wire::{DecodeError, Degraded, Extra, Limits, Nullable, Raw, RawEvent, Secret},
};

/// A schema in the OpenAPI dialect.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Schema {
    /// `additionalProperties`.
    pub additional_properties: Option<serde_json::Value>,
    /// `defs`.
    pub defs: Option<std::collections::BTreeMap<String, Self>>,
    /// `ref`.
    pub ref_: Option<String>,
    /// `anyOf`.
    pub any_of: Option<Vec<Self>>,
    /// `default`.
    pub default_: Option<serde_json::Value>,
    /// What it is for.
    pub description: Option<String>,
    /// `enum`.
    pub enum_: Option<Vec<String>>,
    /// `example`.
    pub example: Option<serde_json::Value>,
    /// `format`.
    pub format: Option<String>,
    /// `items`.
    pub items: Option<Box<Self>>,
    /// `maxItems`.
    pub max_items: Option<Int64>,
    /// `maxLength`.
    pub max_length: Option<Int64>,
    /// `maxProperties`.
    pub max_properties: Option<Int64>,
    /// `maximum`.
    pub maximum: Option<f64>,
    /// `minItems`.
    pub min_items: Option<Int64>,
    /// `minLength`.
    pub min_length: Option<Int64>,
    /// `minProperties`.
    pub min_properties: Option<Int64>,
    /// `minimum`.
    pub minimum: Option<f64>,
    /// `nullable`.
    pub nullable: Option<bool>,
    /// `pattern`.
    pub pattern: Option<String>,
    /// `properties`.
    pub properties: Option<std::collections::BTreeMap<String, Self>>,
    /// `propertyOrdering`.
    pub property_ordering: Option<Vec<String>>,
    /// `required`.
    pub required: Option<Vec<String>>,
    /// The title.
    pub title: Option<String>,
    /// `type`.
    pub kind: Option<Type>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { Schema {
    opt additional_properties = "additionalProperties" | "additional_properties";
    opt defs = "defs";
    opt ref_ = "ref";
    opt any_of = "anyOf" | "any_of";
    opt default_ = "default";
    opt description = "description";
    opt enum_ = "enum";
    opt example = "example";
    opt format = "format";
    opt items = "items";
    opt max_items = "maxItems" | "max_items";
    opt max_length = "maxLength" | "max_length";
    opt max_properties = "maxProperties" | "max_properties";
    opt maximum = "maximum";
    opt min_items = "minItems" | "min_items";
    opt min_length = "minLength" | "min_length";
    opt min_properties = "minProperties" | "min_properties";
    opt minimum = "minimum";
    opt nullable = "nullable";
    opt pattern = "pattern";
    opt properties = "properties";
    opt property_ordering = "propertyOrdering" | "property_ordering";
    opt required = "required";
    opt title = "title";
    opt kind = "type";
}}

setters! { Schema {
    into with_ref ref_: String;
    into with_description description: String;
    into with_format format: String;
    into with_items items: Box<Self>;
    into with_max_items max_items: Int64;
    into with_max_length max_length: Int64;
    into with_max_properties max_properties: Int64;
    into with_min_items min_items: Int64;
    into with_min_length min_length: Int64;
    into with_min_properties min_properties: Int64;
    into with_pattern pattern: String;
    into with_title title: String;
    into with_kind kind: Type;
    plain with_additional_properties additional_properties: serde_json::Value;
    plain with_defs defs: std::collections::BTreeMap<String, Self>;
    plain with_any_of any_of: Vec<Self>;
    plain with_default default_: serde_json::Value;
    plain with_enum enum_: Vec<String>;
    plain with_example example: serde_json::Value;
    plain with_maximum maximum: f64;
    plain with_minimum minimum: f64;
    plain with_nullable nullable: bool;
    plain with_properties properties: std::collections::BTreeMap<String, Self>;
    plain with_property_ordering property_ordering: Vec<String>;
    plain with_required required: Vec<String>;
}}

/// Type of a value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Type {
    /// `TYPE_UNSPECIFIED`.
    TypeUnspecified,
    /// `STRING`.
    String,
    /// `NUMBER`.
    Number,
    /// `INTEGER`.
    Integer,
    /// `BOOLEAN`.
    Boolean,
    /// `ARRAY`.
    Array,
    /// `OBJECT`.
    Object,
    /// `NULL`.
    Null,
    /// A string that this enum does not name.
    Unknown(String),
}

open_enum! { Type {
    TypeUnspecified = "TYPE_UNSPECIFIED",
    String = "STRING",
    Number = "NUMBER",
    Integer = "INTEGER",
    Boolean = "BOOLEAN",
    Array = "ARRAY",
    Object = "OBJECT",
    Null = "NULL",
}}

/// A function that the client runs.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FunctionDeclaration {
    /// What it is for.
    pub description: Option<String>,
    /// The name.
    pub name: Option<String>,
    /// Schema of the arguments.
    pub parameters: Option<Box<Schema>>,
    /// JSON Schema of the arguments.
    pub parameters_json_schema: Option<serde_json::Value>,
    /// The answer, an object.
    pub response: Option<Box<Schema>>,
    /// `responseJsonSchema`.
    pub response_json_schema: Option<serde_json::Value>,
    /// Whether the model waits for the answer.
    pub behavior: Option<Behavior>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { FunctionDeclaration {
    opt description = "description";
    opt name = "name";
    opt parameters = "parameters";
    opt parameters_json_schema = "parametersJsonSchema" | "parameters_json_schema";
    opt response = "response";
    opt response_json_schema = "responseJsonSchema" | "response_json_schema";
    opt behavior = "behavior";
}}

setters! { FunctionDeclaration {
    into with_description description: String;
    into with_name name: String;
    into with_parameters parameters: Box<Schema>;
    into with_response response: Box<Schema>;
    into with_behavior behavior: Behavior;
    plain with_parameters_json_schema parameters_json_schema: serde_json::Value;
    plain with_response_json_schema response_json_schema: serde_json::Value;
}}

/// Whether the model waits for an answer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Behavior {
    /// `UNSPECIFIED`.
    Unspecified,
    /// `BLOCKING`.
    Blocking,
    /// `NON_BLOCKING`.
    NonBlocking,
    /// A string that this enum does not name.
    Unknown(String),
}

open_enum! { Behavior {
    Unspecified = "UNSPECIFIED",
    Blocking = "BLOCKING",
    NonBlocking = "NON_BLOCKING",
}}

/// Tools of one kind or several.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Tool {
    /// Vertex only.
    pub retrieval: Option<Box<Retrieval>>,
    /// `computerUse`.
    pub computer_use: Option<Box<ComputerUse>>,
    /// Developer API only.
    pub file_search: Option<Box<FileSearch>>,
    /// `googleSearch`.
    pub google_search: Option<Box<GoogleSearch>>,
    /// `googleMaps`.
    pub google_maps: Option<Box<GoogleMaps>>,
    /// `codeExecution`.
    pub code_execution: Option<Box<ToolCodeExecution>>,
    /// Vertex only.
    pub enterprise_web_search: Option<Box<EnterpriseWebSearch>>,
    /// Functions that the client runs.
    pub function_declarations: Option<Vec<FunctionDeclaration>>,
    /// `googleSearchRetrieval`.
    pub google_search_retrieval: Option<Box<GoogleSearchRetrieval>>,
    /// Vertex only.
    pub parallel_ai_search: Option<Box<ToolParallelAiSearch>>,
    /// `urlContext`.
    pub url_context: Option<Box<UrlContext>>,
    /// Developer API only.
    pub mcp_servers: Option<Vec<McpServer>>,
    /// Vertex only.
    pub exa_ai_search: Option<Box<ToolExaAiSearch>>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { Tool {
    opt retrieval = "retrieval";
    opt computer_use = "computerUse" | "computer_use";
    opt file_search = "fileSearch" | "file_search";
    opt google_search = "googleSearch" | "google_search";
    opt google_maps = "googleMaps" | "google_maps";
    opt code_execution = "codeExecution" | "code_execution";
    opt enterprise_web_search = "enterpriseWebSearch" | "enterprise_web_search";
    opt function_declarations = "functionDeclarations" | "function_declarations";
    opt google_search_retrieval = "googleSearchRetrieval" | "google_search_retrieval";
    opt parallel_ai_search = "parallelAiSearch" | "parallel_ai_search";
    opt url_context = "urlContext" | "url_context";
    opt mcp_servers = "mcpServers" | "mcp_servers";
    opt exa_ai_search = "exaAiSearch" | "exa_ai_search";
}}

setters! { Tool {
    into with_retrieval retrieval: Box<Retrieval>;
    into with_computer_use computer_use: Box<ComputerUse>;
    into with_file_search file_search: Box<FileSearch>;
    into with_google_search google_search: Box<GoogleSearch>;
    into with_google_maps google_maps: Box<GoogleMaps>;
    into with_code_execution code_execution: Box<ToolCodeExecution>;
    into with_enterprise_web_search enterprise_web_search: Box<EnterpriseWebSearch>;
    into with_google_search_retrieval google_search_retrieval: Box<GoogleSearchRetrieval>;
    into with_parallel_ai_search parallel_ai_search: Box<ToolParallelAiSearch>;
    into with_url_context url_context: Box<UrlContext>;
    into with_exa_ai_search exa_ai_search: Box<ToolExaAiSearch>;
    plain with_function_declarations function_declarations: Vec<FunctionDeclaration>;
    plain with_mcp_servers mcp_servers: Vec<McpServer>;
}}

/// `Retrieval`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Retrieval {
    /// `disableAttribution`.
    pub disable_attribution: Option<bool>,
    /// `externalApi`.
    pub external_api: Option<ExternalApi>,
    /// `vertexAiSearch`.
    pub vertex_ai_search: Option<VertexAISearch>,
    /// `vertexRagStore`.
    pub vertex_rag_store: Option<VertexRagStore>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { Retrieval {
    opt disable_attribution = "disableAttribution" | "disable_attribution";
    opt external_api = "externalApi" | "external_api";
    opt vertex_ai_search = "vertexAiSearch" | "vertex_ai_search";
    opt vertex_rag_store = "vertexRagStore" | "vertex_rag_store";
}}

setters! { Retrieval {
    into with_external_api external_api: ExternalApi;
    into with_vertex_ai_search vertex_ai_search: VertexAISearch;
    into with_vertex_rag_store vertex_rag_store: VertexRagStore;
    plain with_disable_attribution disable_attribution: bool;
}}

/// `ComputerUse`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ComputerUse {
    /// `environment`.
    pub environment: Option<Environment>,
    /// `excludedPredefinedFunctions`.
    pub excluded_predefined_functions: Option<Vec<String>>,
    /// `enablePromptInjectionDetection`.
    pub enable_prompt_injection_detection: Option<bool>,
    /// `disabledSafetyPolicies`.
    pub disabled_safety_policies: Option<Vec<SafetyPolicy>>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ComputerUse {
    opt environment = "environment";
    opt excluded_predefined_functions = "excludedPredefinedFunctions" | "excluded_predefined_functions";
    opt enable_prompt_injection_detection = "enablePromptInjectionDetection" | "enable_prompt_injection_detection";
    opt disabled_safety_policies = "disabledSafetyPolicies" | "disabled_safety_policies";
}}

setters! { ComputerUse {
    into with_environment environment: Environment;
    plain with_excluded_predefined_functions excluded_predefined_functions: Vec<String>;
    plain with_enable_prompt_injection_detection enable_prompt_injection_detection: bool;
    plain with_disabled_safety_policies disabled_safety_policies: Vec<SafetyPolicy>;
}}

/// `FileSearch`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FileSearch {
    /// `fileSearchStoreNames`.
    pub file_search_store_names: Option<Vec<String>>,
    /// Number of tokens to sample from.
    pub top_k: Option<i64>,
    /// `metadataFilter`.
    pub metadata_filter: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { FileSearch {
    opt file_search_store_names = "fileSearchStoreNames" | "file_search_store_names";
    opt top_k = "topK" | "top_k";
    opt metadata_filter = "metadataFilter" | "metadata_filter";
}}

setters! { FileSearch {
    into with_metadata_filter metadata_filter: String;
    plain with_file_search_store_names file_search_store_names: Vec<String>;
    plain with_top_k top_k: i64;
}}

/// `GoogleSearch`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GoogleSearch {
    /// `searchTypes`.
    pub search_types: Option<SearchTypes>,
    /// Vertex only.
    pub blocking_confidence: Option<PhishBlockThreshold>,
    /// Vertex only.
    pub exclude_domains: Option<Vec<String>>,
    /// Developer API only.
    pub time_range_filter: Option<Interval>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { GoogleSearch {
    opt search_types = "searchTypes" | "search_types";
    opt blocking_confidence = "blockingConfidence" | "blocking_confidence";
    opt exclude_domains = "excludeDomains" | "exclude_domains";
    opt time_range_filter = "timeRangeFilter" | "time_range_filter";
}}

setters! { GoogleSearch {
    into with_search_types search_types: SearchTypes;
    into with_blocking_confidence blocking_confidence: PhishBlockThreshold;
    into with_time_range_filter time_range_filter: Interval;
    plain with_exclude_domains exclude_domains: Vec<String>;
}}

/// `GoogleMaps`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GoogleMaps {
    /// Vertex only.
    pub auth_config: Option<AuthConfig>,
    /// `enableWidget`.
    pub enable_widget: Option<bool>,
    /// Vertex only.
    pub grounding_types: Option<GoogleMapsGroundingTypes>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { GoogleMaps {
    opt auth_config = "authConfig" | "auth_config";
    opt enable_widget = "enableWidget" | "enable_widget";
    opt grounding_types = "groundingTypes" | "grounding_types";
}}

setters! { GoogleMaps {
    into with_auth_config auth_config: AuthConfig;
    into with_grounding_types grounding_types: GoogleMapsGroundingTypes;
    plain with_enable_widget enable_widget: bool;
}}

/// `ToolCodeExecution`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ToolCodeExecution {
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ToolCodeExecution {
}}

/// `EnterpriseWebSearch`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EnterpriseWebSearch {
    /// `blockingConfidence`.
    pub blocking_confidence: Option<PhishBlockThreshold>,
    /// `excludeDomains`.
    pub exclude_domains: Option<Vec<String>>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { EnterpriseWebSearch {
    opt blocking_confidence = "blockingConfidence" | "blocking_confidence";
    opt exclude_domains = "excludeDomains" | "exclude_domains";
}}

setters! { EnterpriseWebSearch {
    into with_blocking_confidence blocking_confidence: PhishBlockThreshold;
    plain with_exclude_domains exclude_domains: Vec<String>;
}}

/// `GoogleSearchRetrieval`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GoogleSearchRetrieval {
    /// `dynamicRetrievalConfig`.
    pub dynamic_retrieval_config: Option<DynamicRetrievalConfig>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { GoogleSearchRetrieval {
    opt dynamic_retrieval_config = "dynamicRetrievalConfig" | "dynamic_retrieval_config";
}}

setters! { GoogleSearchRetrieval {
    into with_dynamic_retrieval_config dynamic_retrieval_config: DynamicRetrievalConfig;
}}

/// `ToolParallelAiSearch`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ToolParallelAiSearch {
    /// `apiKey`.
    pub api_key: Option<Secret>,
    /// `customConfigs`.
    pub custom_configs: Option<std::collections::BTreeMap<String, serde_json::Value>>,
    /// `enableDataRetention`.
    pub enable_data_retention: Option<bool>,
    /// `enableZeroDataRetention`.
    pub enable_zero_data_retention: Option<bool>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ToolParallelAiSearch {
    opt api_key = "apiKey" | "api_key";
    opt custom_configs = "customConfigs" | "custom_configs";
    opt enable_data_retention = "enableDataRetention" | "enable_data_retention";
    opt enable_zero_data_retention = "enableZeroDataRetention" | "enable_zero_data_retention";
}}

setters! { ToolParallelAiSearch {
    into with_api_key api_key: Secret;
    plain with_custom_configs custom_configs: std::collections::BTreeMap<String, serde_json::Value>;
    plain with_enable_data_retention enable_data_retention: bool;
    plain with_enable_zero_data_retention enable_zero_data_retention: bool;
}}

/// `UrlContext`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct UrlContext {
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { UrlContext {
}}

/// `McpServer`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct McpServer {
    /// The name. Developer API only.
    pub name: Option<String>,
    /// Developer API only.
    pub streamable_http_transport: Option<StreamableHttpTransport>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { McpServer {
    opt name = "name";
    opt streamable_http_transport = "streamableHttpTransport" | "streamable_http_transport";
}}

setters! { McpServer {
    into with_name name: String;
    into with_streamable_http_transport streamable_http_transport: StreamableHttpTransport;
}}

/// `ToolExaAiSearch`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ToolExaAiSearch {
    /// `apiKey`.
    pub api_key: Option<Secret>,
    /// `customConfigs`.
    pub custom_configs: Option<std::collections::BTreeMap<String, serde_json::Value>>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ToolExaAiSearch {
    opt api_key = "apiKey" | "api_key";
    opt custom_configs = "customConfigs" | "custom_configs";
}}

setters! { ToolExaAiSearch {
    into with_api_key api_key: Secret;
    plain with_custom_configs custom_configs: std::collections::BTreeMap<String, serde_json::Value>;
}}

/// `ExternalApi`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ExternalApi {
    /// `apiAuth`.
    pub api_auth: Option<ApiAuth>,
    /// `apiSpec`.
    pub api_spec: Option<ApiSpec>,
    /// `authConfig`.
    pub auth_config: Option<AuthConfig>,
    /// `elasticSearchParams`.
    pub elastic_search_params: Option<ExternalApiElasticSearchParams>,
    /// `endpoint`.
    pub endpoint: Option<String>,
    /// `simpleSearchParams`.
    pub simple_search_params: Option<ExternalApiSimpleSearchParams>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ExternalApi {
    opt api_auth = "apiAuth" | "api_auth";
    opt api_spec = "apiSpec" | "api_spec";
    opt auth_config = "authConfig" | "auth_config";
    opt elastic_search_params = "elasticSearchParams" | "elastic_search_params";
    opt endpoint = "endpoint";
    opt simple_search_params = "simpleSearchParams" | "simple_search_params";
}}

setters! { ExternalApi {
    into with_api_auth api_auth: ApiAuth;
    into with_api_spec api_spec: ApiSpec;
    into with_auth_config auth_config: AuthConfig;
    into with_elastic_search_params elastic_search_params: ExternalApiElasticSearchParams;
    into with_endpoint endpoint: String;
    into with_simple_search_params simple_search_params: ExternalApiSimpleSearchParams;
}}

/// `VertexAISearch`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct VertexAISearch {
    /// `dataStoreSpecs`.
    pub data_store_specs: Option<Vec<VertexAISearchDataStoreSpec>>,
    /// `datastore`.
    pub datastore: Option<String>,
    /// `engine`.
    pub engine: Option<String>,
    /// Which results to keep.
    pub filter: Option<String>,
    /// `maxResults`.
    pub max_results: Option<i64>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { VertexAISearch {
    opt data_store_specs = "dataStoreSpecs" | "data_store_specs";
    opt datastore = "datastore";
    opt engine = "engine";
    opt filter = "filter";
    opt max_results = "maxResults" | "max_results";
}}

setters! { VertexAISearch {
    into with_datastore datastore: String;
    into with_engine engine: String;
    into with_filter filter: String;
    plain with_data_store_specs data_store_specs: Vec<VertexAISearchDataStoreSpec>;
    plain with_max_results max_results: i64;
}}

/// `VertexRagStore`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct VertexRagStore {
    /// `ragCorpora`.
    pub rag_corpora: Option<Vec<String>>,
    /// `ragResources`.
    pub rag_resources: Option<Vec<VertexRagStoreRagResource>>,
    /// `ragRetrievalConfig`.
    pub rag_retrieval_config: Option<RagRetrievalConfig>,
    /// `similarityTopK`.
    pub similarity_top_k: Option<i64>,
    /// `storeContext`.
    pub store_context: Option<bool>,
    /// `vectorDistanceThreshold`.
    pub vector_distance_threshold: Option<f64>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { VertexRagStore {
    opt rag_corpora = "ragCorpora" | "rag_corpora";
    opt rag_resources = "ragResources" | "rag_resources";
    opt rag_retrieval_config = "ragRetrievalConfig" | "rag_retrieval_config";
    opt similarity_top_k = "similarityTopK" | "similarity_top_k";
    opt store_context = "storeContext" | "store_context";
    opt vector_distance_threshold = "vectorDistanceThreshold" | "vector_distance_threshold";
}}

setters! { VertexRagStore {
    into with_rag_retrieval_config rag_retrieval_config: RagRetrievalConfig;
    plain with_rag_corpora rag_corpora: Vec<String>;
    plain with_rag_resources rag_resources: Vec<VertexRagStoreRagResource>;
    plain with_similarity_top_k similarity_top_k: i64;
    plain with_store_context store_context: bool;
    plain with_vector_distance_threshold vector_distance_threshold: f64;
}}

/// `Environment`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Environment {
    /// `ENVIRONMENT_UNSPECIFIED`.
    Unspecified,
    /// `ENVIRONMENT_BROWSER`.
    Browser,
    /// `ENVIRONMENT_MOBILE`.
    Mobile,
    /// `ENVIRONMENT_DESKTOP`.
    Desktop,
    /// A string that this enum does not name.
    Unknown(String),
}

open_enum! { Environment {
    Unspecified = "ENVIRONMENT_UNSPECIFIED",
    Browser = "ENVIRONMENT_BROWSER",
    Mobile = "ENVIRONMENT_MOBILE",
    Desktop = "ENVIRONMENT_DESKTOP",
}}

/// `SafetyPolicy`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SafetyPolicy {
    /// `SAFETY_POLICY_UNSPECIFIED`.
    SafetyPolicyUnspecified,
    /// `FINANCIAL_TRANSACTIONS`.
    FinancialTransactions,
    /// `SENSITIVE_DATA_MODIFICATION`.
    SensitiveDataModification,
    /// `COMMUNICATION_TOOL`.
    CommunicationTool,
    /// `ACCOUNT_CREATION`.
    AccountCreation,
    /// `DATA_MODIFICATION`.
    DataModification,
    /// `USER_CONSENT_MANAGEMENT`.
    UserConsentManagement,
    /// `LEGAL_TERMS_AND_AGREEMENTS`.
    LegalTermsAndAgreements,
    /// A string that this enum does not name.
    Unknown(String),
}

open_enum! { SafetyPolicy {
    SafetyPolicyUnspecified = "SAFETY_POLICY_UNSPECIFIED",
    FinancialTransactions = "FINANCIAL_TRANSACTIONS",
    SensitiveDataModification = "SENSITIVE_DATA_MODIFICATION",
    CommunicationTool = "COMMUNICATION_TOOL",
    AccountCreation = "ACCOUNT_CREATION",
    DataModification = "DATA_MODIFICATION",
    UserConsentManagement = "USER_CONSENT_MANAGEMENT",
    LegalTermsAndAgreements = "LEGAL_TERMS_AND_AGREEMENTS",
}}

/// `SearchTypes`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SearchTypes {
    /// `webSearch`.
    pub web_search: Option<WebSearch>,
    /// `imageSearch`.
    pub image_search: Option<ImageSearch>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { SearchTypes {
    opt web_search = "webSearch" | "web_search";
    opt image_search = "imageSearch" | "image_search";
}}

setters! { SearchTypes {
    into with_web_search web_search: WebSearch;
    into with_image_search image_search: ImageSearch;
}}

/// `PhishBlockThreshold`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PhishBlockThreshold {
    /// `PHISH_BLOCK_THRESHOLD_UNSPECIFIED`.
    PhishBlockThresholdUnspecified,
    /// `BLOCK_LOW_AND_ABOVE`.
    BlockLowAndAbove,
    /// `BLOCK_MEDIUM_AND_ABOVE`.
    BlockMediumAndAbove,
    /// `BLOCK_HIGH_AND_ABOVE`.
    BlockHighAndAbove,
    /// `BLOCK_HIGHER_AND_ABOVE`.
    BlockHigherAndAbove,
    /// `BLOCK_VERY_HIGH_AND_ABOVE`.
    BlockVeryHighAndAbove,
    /// `BLOCK_ONLY_EXTREMELY_HIGH`.
    BlockOnlyExtremelyHigh,
    /// A string that this enum does not name.
    Unknown(String),
}

open_enum! { PhishBlockThreshold {
    PhishBlockThresholdUnspecified = "PHISH_BLOCK_THRESHOLD_UNSPECIFIED",
    BlockLowAndAbove = "BLOCK_LOW_AND_ABOVE",
    BlockMediumAndAbove = "BLOCK_MEDIUM_AND_ABOVE",
    BlockHighAndAbove = "BLOCK_HIGH_AND_ABOVE",
    BlockHigherAndAbove = "BLOCK_HIGHER_AND_ABOVE",
    BlockVeryHighAndAbove = "BLOCK_VERY_HIGH_AND_ABOVE",
    BlockOnlyExtremelyHigh = "BLOCK_ONLY_EXTREMELY_HIGH",
}}

/// `Interval`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Interval {
    /// `endTime`.
    pub end_time: Option<String>,
    /// `startTime`.
    pub start_time: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { Interval {
    opt end_time = "endTime" | "end_time";
    opt start_time = "startTime" | "start_time";
}}

setters! { Interval {
    into with_end_time end_time: String;
    into with_start_time start_time: String;
}}

/// `AuthConfig`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AuthConfig {
    /// Vertex only.
    pub api_key: Option<Secret>,
    /// Vertex only.
    pub api_key_config: Option<ApiKeyConfig>,
    /// Vertex only.
    pub auth_type: Option<AuthType>,
    /// Vertex only.
    pub google_service_account_config: Option<AuthConfigGoogleServiceAccountConfig>,
    /// Vertex only.
    pub http_basic_auth_config: Option<AuthConfigHttpBasicAuthConfig>,
    /// Vertex only.
    pub oauth_config: Option<AuthConfigOauthConfig>,
    /// Vertex only.
    pub oidc_config: Option<AuthConfigOidcConfig>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { AuthConfig {
    opt api_key = "apiKey" | "api_key";
    opt api_key_config = "apiKeyConfig" | "api_key_config";
    opt auth_type = "authType" | "auth_type";
    opt google_service_account_config = "googleServiceAccountConfig" | "google_service_account_config";
    opt http_basic_auth_config = "httpBasicAuthConfig" | "http_basic_auth_config";
    opt oauth_config = "oauthConfig" | "oauth_config";
    opt oidc_config = "oidcConfig" | "oidc_config";
}}

setters! { AuthConfig {
    into with_api_key api_key: Secret;
    into with_api_key_config api_key_config: ApiKeyConfig;
    into with_auth_type auth_type: AuthType;
    into with_google_service_account_config google_service_account_config: AuthConfigGoogleServiceAccountConfig;
    into with_http_basic_auth_config http_basic_auth_config: AuthConfigHttpBasicAuthConfig;
    into with_oauth_config oauth_config: AuthConfigOauthConfig;
    into with_oidc_config oidc_config: AuthConfigOidcConfig;
}}

/// `GoogleMapsGroundingTypes`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GoogleMapsGroundingTypes {
    /// `places`.
    pub places: Option<GoogleMapsPlaces>,
    /// `routing`.
    pub routing: Option<GoogleMapsRouting>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { GoogleMapsGroundingTypes {
    opt places = "places";
    opt routing = "routing";
}}

setters! { GoogleMapsGroundingTypes {
    into with_places places: GoogleMapsPlaces;
    into with_routing routing: GoogleMapsRouting;
}}

/// `DynamicRetrievalConfig`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DynamicRetrievalConfig {
    /// `dynamicThreshold`.
    pub dynamic_threshold: Option<f64>,
    /// `mode`.
    pub mode: Option<DynamicRetrievalConfigMode>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { DynamicRetrievalConfig {
    opt dynamic_threshold = "dynamicThreshold" | "dynamic_threshold";
    opt mode = "mode";
}}

setters! { DynamicRetrievalConfig {
    into with_mode mode: DynamicRetrievalConfigMode;
    plain with_dynamic_threshold dynamic_threshold: f64;
}}

/// `StreamableHttpTransport`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StreamableHttpTransport {
    /// HTTP headers.
    pub headers: Option<std::collections::BTreeMap<String, Secret>>,
    /// `sseReadTimeout`.
    pub sse_read_timeout: Option<String>,
    /// `terminateOnClose`.
    pub terminate_on_close: Option<bool>,
    /// `timeout`.
    pub timeout: Option<String>,
    /// The address.
    pub url: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { StreamableHttpTransport {
    opt headers = "headers";
    opt sse_read_timeout = "sseReadTimeout" | "sse_read_timeout";
    opt terminate_on_close = "terminateOnClose" | "terminate_on_close";
    opt timeout = "timeout";
    opt url = "url";
}}

setters! { StreamableHttpTransport {
    into with_sse_read_timeout sse_read_timeout: String;
    into with_timeout timeout: String;
    into with_url url: String;
    plain with_headers headers: std::collections::BTreeMap<String, Secret>;
    plain with_terminate_on_close terminate_on_close: bool;
}}

/// `ApiAuth`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ApiAuth {
    /// `apiKeyConfig`.
    pub api_key_config: Option<ApiAuthApiKeyConfig>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ApiAuth {
    opt api_key_config = "apiKeyConfig" | "api_key_config";
}}

setters! { ApiAuth {
    into with_api_key_config api_key_config: ApiAuthApiKeyConfig;
}}

/// `ApiSpec`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ApiSpec {
    /// `API_SPEC_UNSPECIFIED`.
    ApiSpecUnspecified,
    /// `SIMPLE_SEARCH`.
    SimpleSearch,
    /// `ELASTIC_SEARCH`.
    ElasticSearch,
    /// A string that this enum does not name.
    Unknown(String),
}

open_enum! { ApiSpec {
    ApiSpecUnspecified = "API_SPEC_UNSPECIFIED",
    SimpleSearch = "SIMPLE_SEARCH",
    ElasticSearch = "ELASTIC_SEARCH",
}}

/// `ExternalApiElasticSearchParams`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ExternalApiElasticSearchParams {
    /// `index`.
    pub index: Option<String>,
    /// `numHits`.
    pub num_hits: Option<i64>,
    /// `searchTemplate`.
    pub search_template: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ExternalApiElasticSearchParams {
    opt index = "index";
    opt num_hits = "numHits" | "num_hits";
    opt search_template = "searchTemplate" | "search_template";
}}

setters! { ExternalApiElasticSearchParams {
    into with_index index: String;
    into with_search_template search_template: String;
    plain with_num_hits num_hits: i64;
}}

/// `ExternalApiSimpleSearchParams`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ExternalApiSimpleSearchParams {
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ExternalApiSimpleSearchParams {
}}

/// `VertexAISearchDataStoreSpec`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct VertexAISearchDataStoreSpec {
    /// `dataStore`.
    pub data_store: Option<String>,
    /// Which results to keep.
    pub filter: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { VertexAISearchDataStoreSpec {
    opt data_store = "dataStore" | "data_store";
    opt filter = "filter";
}}

setters! { VertexAISearchDataStoreSpec {
    into with_data_store data_store: String;
    into with_filter filter: String;
}}

/// `VertexRagStoreRagResource`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct VertexRagStoreRagResource {
    /// `ragCorpus`.
    pub rag_corpus: Option<String>,
    /// `ragFileIds`.
    pub rag_file_ids: Option<Vec<String>>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { VertexRagStoreRagResource {
    opt rag_corpus = "ragCorpus" | "rag_corpus";
    opt rag_file_ids = "ragFileIds" | "rag_file_ids";
}}

setters! { VertexRagStoreRagResource {
    into with_rag_corpus rag_corpus: String;
    plain with_rag_file_ids rag_file_ids: Vec<String>;
}}

/// `RagRetrievalConfig`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RagRetrievalConfig {
    /// Which results to keep.
    pub filter: Option<RagRetrievalConfigFilter>,
    /// `hybridSearch`.
    pub hybrid_search: Option<RagRetrievalConfigHybridSearch>,
    /// `ranking`.
    pub ranking: Option<RagRetrievalConfigRanking>,
    /// Number of tokens to sample from.
    pub top_k: Option<i64>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { RagRetrievalConfig {
    opt filter = "filter";
    opt hybrid_search = "hybridSearch" | "hybrid_search";
    opt ranking = "ranking";
    opt top_k = "topK" | "top_k";
}}

setters! { RagRetrievalConfig {
    into with_filter filter: RagRetrievalConfigFilter;
    into with_hybrid_search hybrid_search: RagRetrievalConfigHybridSearch;
    into with_ranking ranking: RagRetrievalConfigRanking;
    plain with_top_k top_k: i64;
}}

/// `WebSearch`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct WebSearch {
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { WebSearch {
}}

/// `ImageSearch`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ImageSearch {
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ImageSearch {
}}

/// `ApiKeyConfig`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ApiKeyConfig {
    /// `apiKeySecret`.
    pub api_key_secret: Option<String>,
    /// `apiKeyString`.
    pub api_key_string: Option<Secret>,
    /// `httpElementLocation`.
    pub http_element_location: Option<HttpElementLocation>,
    /// The name.
    pub name: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ApiKeyConfig {
    opt api_key_secret = "apiKeySecret" | "api_key_secret";
    opt api_key_string = "apiKeyString" | "api_key_string";
    opt http_element_location = "httpElementLocation" | "http_element_location";
    opt name = "name";
}}

setters! { ApiKeyConfig {
    into with_api_key_secret api_key_secret: String;
    into with_api_key_string api_key_string: Secret;
    into with_http_element_location http_element_location: HttpElementLocation;
    into with_name name: String;
}}

/// `AuthType`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AuthType {
    /// `AUTH_TYPE_UNSPECIFIED`.
    AuthTypeUnspecified,
    /// `NO_AUTH`.
    NoAuth,
    /// `API_KEY_AUTH`.
    ApiKeyAuth,
    /// `HTTP_BASIC_AUTH`.
    HttpBasicAuth,
    /// `GOOGLE_SERVICE_ACCOUNT_AUTH`.
    GoogleServiceAccountAuth,
    /// `OAUTH`.
    Oauth,
    /// `OIDC_AUTH`.
    OidcAuth,
    /// A string that this enum does not name.
    Unknown(String),
}

open_enum! { AuthType {
    AuthTypeUnspecified = "AUTH_TYPE_UNSPECIFIED",
    NoAuth = "NO_AUTH",
    ApiKeyAuth = "API_KEY_AUTH",
    HttpBasicAuth = "HTTP_BASIC_AUTH",
    GoogleServiceAccountAuth = "GOOGLE_SERVICE_ACCOUNT_AUTH",
    Oauth = "OAUTH",
    OidcAuth = "OIDC_AUTH",
}}

/// `AuthConfigGoogleServiceAccountConfig`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AuthConfigGoogleServiceAccountConfig {
    /// `serviceAccount`.
    pub service_account: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { AuthConfigGoogleServiceAccountConfig {
    opt service_account = "serviceAccount" | "service_account";
}}

setters! { AuthConfigGoogleServiceAccountConfig {
    into with_service_account service_account: String;
}}

/// `AuthConfigHttpBasicAuthConfig`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AuthConfigHttpBasicAuthConfig {
    /// `credentialSecret`.
    pub credential_secret: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { AuthConfigHttpBasicAuthConfig {
    opt credential_secret = "credentialSecret" | "credential_secret";
}}

setters! { AuthConfigHttpBasicAuthConfig {
    into with_credential_secret credential_secret: String;
}}

/// `AuthConfigOauthConfig`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AuthConfigOauthConfig {
    /// `accessToken`.
    pub access_token: Option<Secret>,
    /// `serviceAccount`.
    pub service_account: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { AuthConfigOauthConfig {
    opt access_token = "accessToken" | "access_token";
    opt service_account = "serviceAccount" | "service_account";
}}

setters! { AuthConfigOauthConfig {
    into with_access_token access_token: Secret;
    into with_service_account service_account: String;
}}

/// `AuthConfigOidcConfig`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AuthConfigOidcConfig {
    /// `idToken`.
    pub id_token: Option<Secret>,
    /// `serviceAccount`.
    pub service_account: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { AuthConfigOidcConfig {
    opt id_token = "idToken" | "id_token";
    opt service_account = "serviceAccount" | "service_account";
}}

setters! { AuthConfigOidcConfig {
    into with_id_token id_token: Secret;
    into with_service_account service_account: String;
}}

/// `GoogleMapsPlaces`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GoogleMapsPlaces {
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { GoogleMapsPlaces {
}}

/// `GoogleMapsRouting`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GoogleMapsRouting {
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { GoogleMapsRouting {
}}

/// `DynamicRetrievalConfigMode`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DynamicRetrievalConfigMode {
    /// `MODE_UNSPECIFIED`.
    Unspecified,
    /// `MODE_DYNAMIC`.
    Dynamic,
    /// A string that this enum does not name.
    Unknown(String),
}

open_enum! { DynamicRetrievalConfigMode {
    Unspecified = "MODE_UNSPECIFIED",
    Dynamic = "MODE_DYNAMIC",
}}

/// `ApiAuthApiKeyConfig`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ApiAuthApiKeyConfig {
    /// `apiKeySecretVersion`.
    pub api_key_secret_version: Option<String>,
    /// `apiKeyString`.
    pub api_key_string: Option<Secret>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { ApiAuthApiKeyConfig {
    opt api_key_secret_version = "apiKeySecretVersion" | "api_key_secret_version";
    opt api_key_string = "apiKeyString" | "api_key_string";
}}

setters! { ApiAuthApiKeyConfig {
    into with_api_key_secret_version api_key_secret_version: String;
    into with_api_key_string api_key_string: Secret;
}}

/// `RagRetrievalConfigFilter`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RagRetrievalConfigFilter {
    /// `metadataFilter`.
    pub metadata_filter: Option<String>,
    /// `vectorDistanceThreshold`.
    pub vector_distance_threshold: Option<f64>,
    /// `vectorSimilarityThreshold`.
    pub vector_similarity_threshold: Option<f64>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { RagRetrievalConfigFilter {
    opt metadata_filter = "metadataFilter" | "metadata_filter";
    opt vector_distance_threshold = "vectorDistanceThreshold" | "vector_distance_threshold";
    opt vector_similarity_threshold = "vectorSimilarityThreshold" | "vector_similarity_threshold";
}}

setters! { RagRetrievalConfigFilter {
    into with_metadata_filter metadata_filter: String;
    plain with_vector_distance_threshold vector_distance_threshold: f64;
    plain with_vector_similarity_threshold vector_similarity_threshold: f64;
}}

/// `RagRetrievalConfigHybridSearch`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RagRetrievalConfigHybridSearch {
    /// `alpha`.
    pub alpha: Option<f64>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { RagRetrievalConfigHybridSearch {
    opt alpha = "alpha";
}}

setters! { RagRetrievalConfigHybridSearch {
    plain with_alpha alpha: f64;
}}

/// `RagRetrievalConfigRanking`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RagRetrievalConfigRanking {
    /// `llmRanker`.
    pub llm_ranker: Option<RagRetrievalConfigRankingLlmRanker>,
    /// `rankService`.
    pub rank_service: Option<RagRetrievalConfigRankingRankService>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { RagRetrievalConfigRanking {
    opt llm_ranker = "llmRanker" | "llm_ranker";
    opt rank_service = "rankService" | "rank_service";
}}

setters! { RagRetrievalConfigRanking {
    into with_llm_ranker llm_ranker: RagRetrievalConfigRankingLlmRanker;
    into with_rank_service rank_service: RagRetrievalConfigRankingRankService;
}}

/// `HttpElementLocation`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HttpElementLocation {
    /// `HTTP_IN_UNSPECIFIED`.
    Unspecified,
    /// `HTTP_IN_QUERY`.
    Query,
    /// `HTTP_IN_HEADER`.
    Header,
    /// `HTTP_IN_PATH`.
    Path,
    /// `HTTP_IN_BODY`.
    Body,
    /// `HTTP_IN_COOKIE`.
    Cookie,
    /// A string that this enum does not name.
    Unknown(String),
}

open_enum! { HttpElementLocation {
    Unspecified = "HTTP_IN_UNSPECIFIED",
    Query = "HTTP_IN_QUERY",
    Header = "HTTP_IN_HEADER",
    Path = "HTTP_IN_PATH",
    Body = "HTTP_IN_BODY",
    Cookie = "HTTP_IN_COOKIE",
}}

/// `RagRetrievalConfigRankingLlmRanker`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RagRetrievalConfigRankingLlmRanker {
    /// `modelName`.
    pub model_name: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { RagRetrievalConfigRankingLlmRanker {
    opt model_name = "modelName" | "model_name";
}}

setters! { RagRetrievalConfigRankingLlmRanker {
    into with_model_name model_name: String;
}}

/// `RagRetrievalConfigRankingRankService`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RagRetrievalConfigRankingRankService {
    /// `modelName`.
    pub model_name: Option<String>,
    /// Members that this type does not name.
    pub extra: Extra,
}

object! { RagRetrievalConfigRankingRankService {
    opt model_name = "modelName" | "model_name";
}}

setters! { RagRetrievalConfigRankingRankService {
    into with_model_name model_name: String;
}}

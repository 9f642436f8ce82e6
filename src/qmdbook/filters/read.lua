-- Reads the texts that stand in code blocks of the class `read`: chapters, outputs and captions, each
-- by itself, so that none can change how another is read. Nothing is fetched from anywhere.
--
-- A block becomes a div of the class `read`; a caption is that of the first table in it, or of the
-- figure that it is to be.

-- What stands in HTML's tags stays HTML; and no text is metadata.
local MARKDOWN = "markdown-native_divs-native_spans-yaml_metadata_block-pandoc_title_block"
local ENVIRONMENT = "^%s*\\begin{(%a+)%*?}.*\\end{%a+%*?}%s*$"
local FORMULAS = { align = true, gather = true, equation = true }

local function formula(el)
  local name = el.format:match("tex$") and el.text:match(ENVIRONMENT)
  if not FORMULAS[name] then return nil end
  local text = el.text:gsub("\\%a+{equation%*?}", "")
  local math = pandoc.Math("DisplayMath", text)
  return el.t == "RawBlock" and pandoc.Para({ math }) or math
end

-- A callout begins with its title: the one given, a heading, or what it is, by `titles`. So do exercises
-- and solutions, which have a number and, in some cases, a name.
local function with_title(el, titles)
  local is_exercise = el.identifier:match("^exr%-") or el.classes:includes("solution")
  local class = el.classes:find_if(function(class) return titles[class] end)
  if not (is_exercise or class) then return nil end
  local key = is_exercise and "name" or "title"
  local title, first = el.attributes[key], el.content[1]
  if title then
    title = pandoc.utils.blocks_to_inlines(pandoc.read(title, MARKDOWN, nil, {}).blocks)
  elseif first and first.t == "Header" then
    title = first.content
    el.content:remove(1)
  end
  el.attributes[key] = nil
  title = pandoc.Plain(title or is_exercise and "" or titles[class])
  el.content:insert(1, pandoc.Div({ title }, { class = "callout-title" }))
  return el
end

local function read(text, format)
  return pandoc.read(text, format, { columns = 100000 }, {}).blocks
    :walk({ RawBlock = formula, RawInline = formula })
end

local function plain(el)
  el.attr = pandoc.Attr()
  return el
end

local function plain_table(table)
  local rows = pandoc.List(table.head.rows) .. table.foot.rows
  for _, body in ipairs(table.bodies) do rows = rows .. plain(body).head .. body.body end
  for _, row in ipairs(rows) do
    for _, cell in ipairs(plain(row).cells) do plain(cell) end
  end
  table.head, table.foot = plain(table.head), plain(table.foot)
  return plain(table)
end

-- A data frame's table is one in every format. Its styles are for its own page, attributes likewise.
local function read_html(text)
  local function style(el)
    if el.text:lower():match("^%s*</?style") or el.text:match("^%s*<!%-%-") then return {} end
  end
  return read(text, "html+raw_html"):walk({
    Table = plain_table, Link = plain, Image = plain, Code = plain, CodeBlock = plain, Div = plain,
    Header = plain, Span = plain, RawBlock = style, RawInline = style,
  })
end

local function caption(text)
  local blocks = read(text, MARKDOWN)
  if #blocks == 1 and blocks[1].t == "Para" then blocks[1] = pandoc.Plain(blocks[1].content) end
  return pandoc.Caption(blocks)
end

local function figure(el)
  local image = pandoc.Image({}, el.attributes.target, "", { ["fig-alt"] = el.attributes.alt })
  if el.text == "" then return { pandoc.Para({ image }) } end
  return { pandoc.Figure({ pandoc.Plain({ image }) }, caption(el.text), pandoc.Attr(el.attributes.label)) }
end

local function with_caption(blocks, el)
  local text, label = el.attributes.caption or "", el.attributes.label
  return blocks:walk({ Table = function(table)
    if text == "" then return nil end
    table.identifier, table.caption = label, caption(text)
    text = ""
    return table
  end })
end

-- What one block of the class `read` holds; `boxes` gives its callouts their titles.
local function block(el, boxes)
  if not el.classes:includes("read") then return nil end
  local blocks
  if el.classes:includes("figure") then
    blocks = figure(el)
  elseif el.attributes.format == "html" then
    blocks = with_caption(read_html(el.text), el)
  else
    blocks = with_caption(boxes(read(el.text, MARKDOWN)), el)
  end
  return pandoc.Div(blocks, pandoc.Attr("", { "read" }, { part = el.attributes.part }))
end

-- An inline expression's value stands in its sentence as long as it is one paragraph.
local function inline(el)
  if not el.classes:includes("read") then return nil end
  local blocks = read(el.text, MARKDOWN)
  local is_one = #blocks == 1 and (blocks[1].t == "Para" or blocks[1].t == "Plain")
  local content = is_one and blocks[1].content or pandoc.Inlines({})
  if el.text:match("^%s") then content:insert(1, pandoc.Space()) end
  if el.text:match("%s$") then content:insert(pandoc.Space()) end
  local classes = (is_one or #blocks == 0) and { "read" } or { "read", "blocks" }
  return pandoc.Span(content, pandoc.Attr("", classes, { part = el.attributes.part }))
end

-- A whole paragraph may be more than one.
local function paragraph(el, boxes)
  local only = #el.content == 1 and el.content[1]
  if not only or only.t ~= "Code" or not only.classes:includes("read") then return nil end
  local blocks = boxes(read(only.text, MARKDOWN))
  return pandoc.Div(blocks, pandoc.Attr("", { "read" }, { part = only.attributes.part }))
end

function Pandoc(doc)
  local titles = pandoc.json.decode(pandoc.utils.stringify(doc.meta.qmdbook), false).titles
  local function boxes(blocks)
    return blocks:walk({ Div = function(el) return with_title(el, titles) end })
  end
  doc = doc:walk({ Para = function(el) return paragraph(el, boxes) end })
  return doc:walk({ CodeBlock = function(el) return block(el, boxes) end, Code = inline })
end
